"""How locking grows with the project: 50 to 500 packages of a synthetic index on loopback, accelinstall beside uv.

    python benchmarks/growth.py [--sizes 50,100,200,500] [--rounds 3]

Every package has twenty releases of six wheels and needs up to six of those before it, with bounds and markers; the
project names every fifth.  Pages are JSON, metadata stands in ``.metadata`` files; the server is a Python process on
the same machine, so its own time is in both tools' figures.  Wall and CPU seconds are medians of cold runs of whole
processes that take turns; candidates visited and requests are counted, and are the same in every run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from install import UV, Sample, measure
from resolve import OURS, PLAIN, CountingClient

from accelinstall.index import IndexClient
from accelinstall.model.project import Wanted
from accelinstall.model.target import Target
from accelinstall.resolution import Resolution, resolve, route
from accelinstall.testing import IndexServer

TARGET = "cpu-linux-x86_64-cp311"
TAGS = [
    f"cp{minor}-cp{minor}-manylinux_2_28_{machine}" for minor in (310, 311, 312) for machine in ("x86_64", "aarch64")
]
RANGES = ("", "", ">=1.2", ">=1.4,<2", "!=1.3,<3", ">=1.1; python_version >= '3.9'", "; extra == 'dev'")
JSON = "application/vnd.pypi.simple.v1+json"


def fill(server: IndexServer, packages: int) -> None:
    """Puts so many packages on *server*; the same every time."""
    chance = random.Random(packages)
    for number in range(packages):
        needed = chance.sample(range(number), min(number, chance.choice([0, 1, 2, 3, 4, 6])))
        requires = "".join(f"Requires-Dist: pkg{other:04}{chance.choice(RANGES)}\n" for other in sorted(needed))
        name, files = f"pkg{number:04}", []
        for version in [f"1.{minor}" for minor in range(20)]:
            metadata = (
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: dev\n{requires}".encode()
            )
            for filename in [f"{name}-{version}-{tag}.whl" for tag in TAGS]:
                server.add_body(f"/files/{filename}.metadata", metadata, content_type="text/plain")
                files.append(
                    {
                        "core-metadata": {"sha256": hashlib.sha256(metadata).hexdigest()},
                        "filename": filename,
                        "hashes": {"sha256": hashlib.sha256(filename.encode()).hexdigest()},
                        "requires-python": ">=3.9",
                        "size": 100_000,
                        "upload-time": "2026-01-01T00:00:00Z",
                        "url": f"../../files/{filename}",
                        "yanked": False,
                    }
                )
        page = {"files": files, "meta": {"api-version": "1.4"}, "name": name}
        server.add_body(f"/simple/{name}/", json.dumps(page).encode(), content_type=JSON)


def roots(packages: int) -> list[str]:
    """What the project itself names."""
    return [f"pkg{number:04}" for number in range(0, packages, 5)] + [f"pkg{packages - 1:04}"]


def counted(index: str, packages: int) -> tuple[Resolution, int]:
    """One resolution in this process, and how many requests it made."""
    from packaging.requirements import Requirement

    with CountingClient() as http, IndexClient(http) as client:
        wanted = [Wanted(requirement=Requirement(name)) for name in roots(packages)]
        target = Target.parse(f"{TARGET};libc=glibc-2.28")
        return resolve(wanted, target=target, routing=route(default_index=index), finder=client), http.asked.total()


def timed(work: Path, index: str, rounds: int) -> dict[str, list[Sample]]:
    """Cold runs of both tools, taking turns."""
    asked = str(work / "requirements.in")
    uv = [UV, "pip", "compile", "-q", asked, "--python-version", "3.11", "--generate-hashes"]
    commands = {
        "accelinstall": [*OURS, "-r", asked, "--target", TARGET, "--index-url", index, "-o", str(work / "pylock.toml")],
        "uv": [*uv, "--default-index", index, "-o", str(work / "uv.txt"), "--python-platform", "x86_64-manylinux_2_28"],
    }
    samples: dict[str, list[Sample]] = {}
    for number in range(rounds):
        for name in sorted(commands, reverse=bool(number % 2)):
            shutil.rmtree(work / name, ignore_errors=True)
            environ = {**PLAIN, "ACCELINSTALL_CACHE_DIR": str(work / name), "UV_CACHE_DIR": str(work / name)}
            samples.setdefault(name, []).append(measure([*commands[name], "--upgrade"], environ))
    return samples


def main() -> None:
    """Prints the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="50,100,200,500")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"load average of five minutes {os.getloadavg()[1]:.1f}\n")
    print(
        "| packages on the index | locked | visited | requests | s | CPU s | CPU ms each | peak MB | uv s | uv CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for size in map(int, options.sizes.split(",")):
        with IndexServer() as server, tempfile.TemporaryDirectory() as folder:
            fill(server, size)
            work = Path(folder)
            (work / "requirements.in").write_text("\n".join(roots(size)) + "\n")
            resolution, requests = counted(server.simple_url, size)
            samples = timed(work, server.simple_url, options.rounds)
        ours, theirs = samples["accelinstall"], samples["uv"]
        cpu = statistics.median(sample.cpu for sample in ours)
        cells = [
            size,
            len(resolution.packages),
            resolution.visited,
            requests,
            f"{statistics.median(sample.wall for sample in ours):.2f}",
            f"{cpu:.2f}",
            f"{cpu / len(resolution.packages) * 1000:.1f}",
            f"{max(sample.peak for sample in ours) / 1e6:.0f}",
            f"{statistics.median(sample.wall for sample in theirs):.2f}",
            f"{statistics.median(sample.cpu for sample in theirs):.2f}",
        ]
        print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    sys.exit(main())
