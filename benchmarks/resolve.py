"""Cold and warm lock of one ML project: accelinstall and uv side by side in one run, Poetry and pip beside them.

    python benchmarks/resolve.py [--rounds 5] [--peers 2] [--targets 6] [--kept] [--gate]

Seventeen requirements, resolved from the default index alone for ``linux-x86_64``, CPython 3.11 (torch is the default
index's own wheel, a CUDA 13 build).  *Cold* starts with empty caches, *warm* with those the cold run has filled and
every version chosen anew, *lock is there* with its own answer.  The tools take turns within a round.  Wall seconds are
medians, ratios geometric means of the paired rounds, memory the peak of the process.  Requests are counted by one run
in this process.

An index that sends neither ``ETag`` nor ``Cache-Control`` lets nobody keep its pages: its *warm* run reads them again.
``--peers N`` lets pip, and Poetry where it is installed, take a cold turn in the first N rounds; pip resolves by
``--dry-run`` with ``fast-deps``, for otherwise it downloads every wheel it looks at where an index has no ``.metadata``
files.  ``--targets N`` adds the lock of N targets at once.  ``--kept`` adds warm runs with the same pages from a
loopback server that lets them be kept for ten minutes, as PyPI does.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from install import UV, Sample, measure

from accelinstall.index import IndexClient, default_index_url, read_pip_configuration
from accelinstall.model.project import Wanted
from accelinstall.model.target import Target
from accelinstall.net import HttpClient, Response
from accelinstall.resolution import resolve, route
from accelinstall.testing import IndexServer

REQUIREMENTS = (
    "torch torchvision transformers accelerate datasets sentence-transformers fastapi uvicorn[standard] pandas "
    "scikit-learn asyncpg alembic pgvector redis mypy ruff pytest"
).split()
TARGETS = (
    "cu130-linux-x86_64-cp311 cpu-linux-aarch64-cp311 mps-macos-arm64-cp311 cpu-windows-x86_64-cp311 "
    "cu130-linux-x86_64-cp312 mps-macos-arm64-cp312"
).split()
OURS = [sys.executable, "-m", "accelinstall", "lock", "--quiet"]
# Another place for pip's configuration: what it adds is on this machine alone, and uv would not read it.
PLAIN = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True)
class Tool:
    """How one tool locks: its command, its variables, and what makes it choose anew."""

    command: list[str]
    environ: dict[str, str]
    again: tuple[str, ...] = ()


class CountingClient(HttpClient):
    """An HTTP client that counts what is asked of it."""

    def __init__(self) -> None:
        pip = read_pip_configuration(os.environ)
        super().__init__(cert=pip.cert, proxy=pip.proxy, timeout=pip.timeout or 30, credentials=pip.credentials)
        self.asked: Counter[str] = Counter()
        self.pages: dict[str, Response] = {}

    def get(self, url: str, **wanted: object) -> Response:  # type: ignore[override]
        """As the client's, counted and kept."""
        self.asked[url] += 1
        self.pages[url] = response = super().get(url, **wanted)  # type: ignore[arg-type]
        return response

    def open(self, url: str, **wanted: object) -> object:  # type: ignore[override]
        """As the client's, counted."""
        self.asked[url] += 1
        return super().open(url, **wanted)  # type: ignore[arg-type]


def tools_in(work: Path, index: str) -> dict[str, Tool]:
    """accelinstall and uv, each with a cache of its own below *work*."""
    asked = str(work / "requirements.in")
    uv = [UV, "pip", "compile", "-q", asked, "--python-version", "3.11", "--generate-hashes", "--only-binary", ":all:"]
    return {
        "accelinstall": Tool(
            [*OURS, "-r", asked, "--target", TARGETS[0], "--index-url", index, "-o", str(work / "pylock.toml")],
            {**PLAIN, "ACCELINSTALL_CACHE_DIR": str(work / "cache-accelinstall")},
            ("--upgrade",),
        ),
        "uv": Tool(
            [*uv, "--default-index", index, "-o", str(work / "uv.txt")],
            {"UV_CACHE_DIR": str(work / "cache-uv")},
            ("--upgrade",),
        ),
    }


def time_rounds(
    tools: dict[str, Tool], peers: dict[str, Tool], work: Path, rounds: int, peer_rounds: int
) -> dict[tuple[str, str], list[Sample]]:
    """Samples by (tool, cold | warm | fresh); the *peers* take a cold turn in the first rounds."""
    samples: dict[tuple[str, str], list[Sample]] = {}
    for number in range(rounds):
        for name, peer in peers.items() if number < peer_rounds else ():
            shutil.rmtree(work / f"cache-{name}", ignore_errors=True)
            samples.setdefault((name, "cold"), []).append(measure(peer.command, peer.environ))
        # Turns change, so that nobody is always the one who finds the network's ways warm.
        for name in sorted(tools, reverse=bool(number % 2)):
            tool = tools[name]
            shutil.rmtree(work / f"cache-{name}", ignore_errors=True)
            samples.setdefault((name, "cold"), []).append(measure([*tool.command, *tool.again], tool.environ))
            samples.setdefault((name, "warm"), []).append(measure([*tool.command, *tool.again], tool.environ))
            samples.setdefault((name, "fresh"), []).append(measure(tool.command, tool.environ))
    return samples


def time_kept(pages: dict[str, Response], index: str, work: Path, rounds: int) -> dict[str, list[Sample]]:
    """Warm runs by tool, where *pages* come from a loopback server that lets them be kept for ten minutes, as PyPI."""
    work.mkdir()
    (work / "requirements.in").write_text("\n".join(REQUIREMENTS) + "\n")
    samples: dict[str, list[Sample]] = {}
    with IndexServer(cache_control="max-age=600") as server:
        for url, page in pages.items():
            name = url.removeprefix(index.rstrip("/"))
            server.add_body(f"/simple{name}", page.body, content_type=page.headers.get("content-type", "text/html"))
        tools = tools_in(work, server.simple_url)
        for number in range(rounds + 1):
            for name in sorted(tools, reverse=bool(number % 2)):
                sample = measure([*tools[name].command, *tools[name].again], tools[name].environ)
                if number:
                    samples.setdefault(name, []).append(sample)
    return samples


def report(samples: dict[tuple[str, str], list[Sample]], names: list[str], peers: list[str]) -> None:
    """The table: the tools that are compared in all rounds, then the *peers*."""
    print("| | cold s | ratio to uv | warm s | ratio to uv | lock is there s | CPU s (cold) | peak MB (cold) |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        cells = [name]
        for kind in ("cold", "warm"):
            mine = samples[name, kind]
            pairs = zip(mine, samples["uv", kind], strict=True)
            ratio = math.exp(statistics.mean(math.log(ours.wall / theirs.wall) for ours, theirs in pairs))
            cells += [f"{_median(mine):.2f}", f"{ratio:.2f}"]
        cold = samples[name, "cold"]
        cells += [f"{_median(samples[name, 'fresh']):.2f}", f"{statistics.median(s.cpu for s in cold):.2f}"]
        print("| " + " | ".join([*cells, f"{max(s.peak for s in cold) / 1e6:.0f}"]) + " |")
    for name in peers:
        cold = samples[name, "cold"]
        theirs = samples["uv", "cold"][: len(cold)]
        ratio = math.exp(statistics.mean(math.log(a.wall / b.wall) for a, b in zip(cold, theirs, strict=True)))
        cells = [
            name,
            f"{_median(cold):.2f}",
            f"{ratio:.2f}",
            "",
            "",
            "",
            f"{statistics.median(s.cpu for s in cold):.2f}",
        ]
        print("| " + " | ".join([*cells, f"{max(s.peak for s in cold) / 1e6:.0f}"]) + " |")


def count_requests(index: str) -> tuple[Counter[str], dict[str, Response]]:
    """Every address that one resolution asks for, with how often; and the pages."""
    from packaging.requirements import Requirement

    with CountingClient() as http, IndexClient(http) as client:
        target = Target.parse(f"{TARGETS[0]};libc=glibc-2.28")
        wanted = [Wanted(requirement=Requirement(text)) for text in REQUIREMENTS]
        routing = route(default_index=index)
        resolve(wanted, target=target, routing=routing, finder=client)
        return http.asked, http.pages


def time_targets(work: Path, index: str, number: int) -> tuple[Sample, Sample]:
    """The cold lock of one target, and of *number* at once."""
    project = work / "several"
    project.mkdir()
    listed = ", ".join(f'"{text}"' for text in REQUIREMENTS)
    text = f'[project]\nname = "bench"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{listed}]\n'
    slugs = ", ".join(f'"{slug}"' for slug in TARGETS[:number])
    (project / "pyproject.toml").write_text(text + f"[tool.accelinstall]\ntargets = [{slugs}]\n")
    command = [*OURS, "--project", str(project), "--index-url", index, "--upgrade"]
    found = []
    for wanted in (["--target", TARGETS[0]], ["--all-targets"]):
        environ = {**PLAIN, "ACCELINSTALL_CACHE_DIR": str(work / f"cache{len(found)}")}
        found.append(measure([*command, *wanted], environ))
    return found[0], found[1]


def peers_in(work: Path, index: str) -> dict[str, Tool]:
    """pip, and Poetry where it is installed, each with a cache and a project of its own below *work*."""
    asked = str(work / "requirements.in")
    resolving = ["--dry-run", "--ignore-installed", "--use-feature=fast-deps", "--only-binary", ":all:", "-q"]
    found = {
        "pip": Tool(
            [sys.executable, "-m", "pip", "install", *resolving, "-r", asked, "--index-url", index],
            {**PLAIN, "PIP_CACHE_DIR": str(work / "cache-pip")},
        )
    }
    poetry = shutil.which("poetry") or shutil.which("poetry", path=str(Path(sys.executable).parent))
    if poetry is not None:
        project = work / "poetry"
        project.mkdir()
        listed = ", ".join(f'"{text}"' for text in REQUIREMENTS)
        (project / "pyproject.toml").write_text(
            f'[project]\nname = "bench"\nversion = "1"\nrequires-python = ">=3.11,<3.12"\ndependencies = [{listed}]\n'
            f'[[tool.poetry.source]]\nname = "index"\nurl = "{index}"\npriority = "primary"\n'
        )
        environ = {"POETRY_CACHE_DIR": str(work / "cache-Poetry"), "POETRY_VIRTUALENVS_CREATE": "false"}
        found["Poetry"] = Tool([poetry, "lock", "-q", "-n", "--regenerate", "-C", str(project)], environ)
    return found


def main() -> int:
    """Prints the tables as Markdown; 1 when ``--gate`` finds a limit passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=int, default=0, help="so many cold runs of pip and Poetry too")
    parser.add_argument("--kept", action="store_true", help="warm runs behind an index that lets its pages be kept too")
    parser.add_argument("--targets", type=int, default=0, help="lock so many targets at once too (up to 6)")
    parser.add_argument("--gate", action="store_true", help="fail when uv is faster or memory passes 200 MB")
    options = parser.parse_args()
    index = default_index_url(read_pip_configuration(os.environ))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "requirements.in").write_text("\n".join(REQUIREMENTS) + "\n")
        asked, pages = count_requests(index)
        peers = peers_in(work, index) if options.peers else {}
        samples = time_rounds(tools_in(work, index), peers, work, options.rounds, options.peers)
        load = os.getloadavg()[1]
        print(f"{len(REQUIREMENTS)} requirements; {options.rounds} rounds; load average of five minutes {load:.1f}\n")
        report(samples, ["accelinstall", "uv"], list(peers))
        print(f"\nRequests of a cold resolution: {asked.total()}, addresses asked for twice: {_repeated(asked)}.")
        if options.kept:
            kept = time_kept(pages, index, work / "kept", options.rounds)
            ours = kept["accelinstall"]
            cpu = statistics.median(sample.cpu for sample in ours)
            print(f"\nPages that may be kept: warm {_median(ours):.2f} s ({cpu:.2f} s of CPU), uv", end=" ")
            print(f"{_median(kept['uv']):.2f} s.")
        if options.targets:
            one, several = time_targets(work, index, options.targets)
            print(f"\nOne target {one.wall:.2f} s, {options.targets} targets at once {several.wall:.2f} s")
            print(f"(x{several.wall / one.wall:.1f}), peak {several.peak / 1e6:.0f} MB.")
    slower = _median(samples["accelinstall", "cold"]) > _median(samples["uv", "cold"])
    heavy = any(sample.peak > 200e6 for sample in samples["accelinstall", "cold"])
    return int(options.gate and (slower or heavy))


def _median(samples: list[Sample]) -> float:
    return statistics.median(sample.wall for sample in samples)


def _repeated(asked: Counter[str]) -> int:
    return sum(1 for number in asked.values() if number > 1)


if __name__ == "__main__":
    sys.exit(main())
