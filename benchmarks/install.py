"""Cold and warm install of one lock: accelinstall, uv and pip, side by side in one run.

    python benchmarks/install.py [--set small|torch] [--rounds 5] [--rate BYTES]

A loopback nginx (Debian's package ``nginx-light``; without it the test kit's Python server, which shares the cores with
the installers and so flatters nobody) serves the wheels.  For each round and each tool: a fresh virtual environment;
*cold* with an empty cache, then *warm* with the cache just filled and another fresh environment.  The tools take turns
within a round.  The table gives medians, the geometric mean of the ratios to uv, peak memory of the process tree and
CPU seconds.  ``--rate`` caps each connection (nginx's ``limit_rate``).

The ``small`` set is wheels made on the spot (40 packages, 4,000 files, 60 MB); ``torch`` downloads the real CUDA set of
torch from the package index once (3 GB, kept in ``benchmarks/results/wheels``).
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import math
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
UV = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))


@dataclass(frozen=True)
class Sample:
    """One run: wall and CPU seconds, peak resident bytes of the largest process."""

    wall: float
    cpu: float
    peak: int


def measure(command: list[str], environ: dict[str, str]) -> Sample:
    """Runs *command* in a child of its own, so that its resource usage is its own.

    :raises SystemExit: when it fails, with its output.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **environ})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{output.read().decode()}")
    wall = time.perf_counter() - started
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def make_small_set(directory: Path) -> None:
    """Forty wheels of a hundred files, half of their bytes incompressible, the same bytes every time."""
    from accelinstall.testing import make_wheel

    source = random.Random(7)
    for number in range(40):
        files = {f"pack{number}/part{part}.py": source.randbytes(7_500).hex().encode() for part in range(100)}
        make_wheel(directory, f"pack{number}", "1.0", files=files)


def download_torch_set(directory: Path) -> None:
    """The real CUDA set, through pip."""
    if not any(directory.glob("torch-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "-q", "--isolated", "--only-binary=:all:"]
        subprocess.run([*command, "-d", str(directory), "torch==2.14.1", "torchvision"], check=True)


@contextlib.contextmanager
def serving(wheels: Path, work: Path, rate: int) -> Iterator[str]:
    """The address of a folder of wheels served by nginx, or by Python when nginx is not there."""
    port = 18_000 + os.getpid() % 2_000
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        print("note: nginx is not installed, a Python server stands in", file=sys.stderr)
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(wheels)]
    else:
        limit = f"limit_rate {rate};" if rate else ""
        configuration = work / "nginx.conf"
        configuration.write_text(
            f"daemon off; pid {work}/nginx.pid; error_log {work}/error.log; worker_processes 1;\n"
            "events { worker_connections 512; }\n"
            f"http {{ access_log off; sendfile on; tcp_nopush on; {limit}\n"
            f" client_body_temp_path {work}; proxy_temp_path {work}; fastcgi_temp_path {work};\n"
            f" uwsgi_temp_path {work}; scgi_temp_path {work};\n"
            f" server {{ listen 127.0.0.1:{port}; root {wheels}; etag on; }} }}\n"
        )
        command = [nginx, "-c", str(configuration), "-e", str(work / "error.log")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def write_lock(wheels: Path, address: str, path: Path) -> tuple[int, int]:
    """A lock of every wheel in the folder, as accelinstall writes it; returns their number and bytes."""
    from packaging.utils import parse_wheel_filename

    from accelinstall.lockfile import render_lock
    from accelinstall.model.lock import Lock, LockedPackage
    from accelinstall.model.target import Target

    packages = []
    for wheel in sorted(wheels.glob("*.whl")):
        name, version, *_ = parse_wheel_filename(wheel.name)
        with wheel.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        packages.append(
            LockedPackage(
                name=name,
                version=str(version),
                filename=wheel.name,
                sha256=digest,
                url=f"{address}/{wheel.name}".replace("+", "%2B"),
                size=wheel.stat().st_size,
            )
        )
    packages.sort(key=lambda package: package.name)
    target = Target.parse(f"cpu-linux-x86_64-cp{sys.version_info[0]}{sys.version_info[1]};libc=glibc-2.28")
    lock = Lock(target=target, packages=tuple(packages), requires_python=">=3.11", input_hash="0" * 64)
    path.write_text(render_lock(lock))
    return len(packages), sum(package.size or 0 for package in packages)


def commands(lock: Path, python: str, caches: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """How each tool installs the lock into the environment of *python*, and its variables."""
    return {
        "accelinstall": (
            [sys.executable, "-m", "accelinstall", "sync", str(lock), "--python", python, "--no-proof", "--quiet"],
            {"ACCELINSTALL_CACHE_DIR": str(caches / "accelinstall")},
        ),
        "uv": (
            [UV, "pip", "sync", "-q", "--preview", str(lock), "--python", python],
            {"UV_CACHE_DIR": str(caches / "uv")},
        ),
        "pip": (
            [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "-r", str(lock)],
            {"PIP_CACHE_DIR": str(caches / "pip"), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COMPILE": "1"},
        ),
    }


def main() -> None:
    """Prints the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=("small", "torch"), default="small")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=0, help="bytes per second and connection")
    parser.add_argument("--tools", default="accelinstall,uv,pip")
    parser.add_argument("--directory", help="where caches and environments go (default: a temporary folder)")
    options = parser.parse_args()
    tools = options.tools.split(",")
    samples: dict[tuple[str, str], list[Sample]] = {}
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        work = Path(folder)
        wheels = work / "wheels"
        if options.set == "torch":
            wheels = HERE / "results" / "wheels"
        wheels.mkdir(parents=True, exist_ok=True)
        (make_small_set if options.set == "small" else download_torch_set)(wheels)
        with serving(wheels, work, options.rate) as address:
            lock = work / "pylock.bench.toml"
            count, total = write_lock(wheels, address, lock)
            for _ in range(options.rounds):
                for tool in tools:
                    caches = work / "caches"
                    for kind in ("cold", "warm"):
                        if tool == "pip" and kind == "warm":
                            continue  # pip keeps no unpacked wheels; with its cache it does the same work again
                        environment = work / "environment"
                        subprocess.run([UV, "venv", "-q", "--python", sys.executable, str(environment)], check=True)
                        command, environ = commands(lock, str(environment / "bin" / "python"), caches)[tool]
                        samples.setdefault((tool, kind), []).append(measure(command, environ))
                        shutil.rmtree(environment)
                    shutil.rmtree(caches, ignore_errors=True)
    report(samples, tools, count, total, options)


def report(
    samples: dict[tuple[str, str], list[Sample]], tools: list[str], count: int, total: int, options: argparse.Namespace
) -> None:
    """The table."""
    capped = f", each connection capped at {options.rate / 1e6:g} MB/s" if options.rate else ""
    print(f"{count} wheels, {total / 1e6:.0f} MB{capped}; {options.rounds} rounds\n")
    print("| | cold s | ratio to uv | warm s | ratio to uv | CPU s (cold) | peak MB (cold) |")
    print("|---|---|---|---|---|---|---|")
    for tool in tools:
        cells = [tool]
        for kind in ("cold", "warm"):
            mine = samples.get((tool, kind))
            cells.append(f"{statistics.median(s.wall for s in mine):.2f}" if mine else "-")
            cells.append(_ratio(mine, samples.get(("uv", kind))))
        cold = samples[tool, "cold"]
        cells.append(f"{statistics.median(s.cpu for s in cold):.1f}")
        cells.append(f"{max(s.peak for s in cold) / 1e6:.0f}")
        print("| " + " | ".join(cells) + " |")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\n(the benchmark itself: {own / 1e3:.0f} MB)", file=sys.stderr)


def _ratio(mine: list[Sample] | None, base: list[Sample] | None) -> str:
    """Geometric mean of the paired ratios."""
    if not mine or not base:
        return "-"
    return f"{math.exp(statistics.mean(math.log(a.wall / b.wall) for a, b in zip(mine, base, strict=True))):.2f}"


if __name__ == "__main__":
    main()
