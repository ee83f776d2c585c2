"""Installing one lock: accelinstall, uv, pip and Poetry, side by side in one run.

    python benchmarks/install.py [--set small|many|torch] [--rounds 5] [--rate BYTES] [--latency SECONDS]
                                 [--tools accelinstall,uv,pip,poetry] [--directory DIR] [--wheels DIR]

A loopback nginx (Debian's package ``nginx-light``; without it the test kit's Python server, which shares the cores with
the installers and so flatters nobody) serves the wheels.  For each round and each tool: a fresh virtual environment;
*cold* with an empty cache, *warm* with the cache just filled and another fresh environment, *nothing* with that
environment as it is (the second such run: the first one remembers what it read).  The tools take turns within a round.
The table gives medians, the geometric mean of the paired ratios to uv, CPU seconds and peak memory of the process
tree.  ``--rate`` caps each connection (nginx's ``limit_rate``, kept to for every 64 kB); ``--latency`` puts a proxy
before nginx that holds every piece of every answer back for so long.  ``--limits`` prints what this machine can do at
most.

The ``small`` set is wheels made on the spot (40 packages, 4,000 files, 60 MB); ``many`` is jupyter, boto3 and pandas,
``torch`` the real CUDA set of torch: both are downloaded from the package index once, into ``--wheels``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import math
import multiprocessing
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

HERE = Path(__file__).parent
UV = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
POETRY = shutil.which("poetry") or str(Path(sys.executable).with_name("poetry"))


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
        variables = {**os.environ, **environ}
        # A program that is installed has its bytecode.
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        process = subprocess.Popen(command, stdout=output, stderr=output, env=variables)
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


SETS = {"torch": ["torch==2.14.1", "torchvision"], "many": ["jupyter", "boto3", "pandas"]}


def download_set(directory: Path, requirements: list[str]) -> None:
    """Real wheels, through pip."""
    if not any(directory.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "-q", "--isolated", "--only-binary=:all:"]
        subprocess.run([*command, "-d", str(directory), *requirements], check=True)


async def _delay(source: asyncio.StreamReader, target: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1_000)

    async def write() -> None:
        while True:
            due, piece = await held.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not piece:
                break
            target.write(piece)
            await target.drain()

    writing = asyncio.create_task(write())
    with contextlib.suppress(OSError):
        while piece := await source.read(256 << 10):
            await held.put((loop.time() + seconds, piece))
    await held.put((loop.time() + seconds, b""))
    with contextlib.suppress(OSError):
        await writing
    target.close()


def delay_for(port: int, seconds: float, told: Connection) -> None:
    """A proxy before *port* that holds back what comes from it; tells its own port, and runs until it is killed."""

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            inner, outer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_delay(reader, outer, 0.0), _delay(inner, writer, seconds))

    async def serve() -> None:
        server = await asyncio.start_server(join, "127.0.0.1", 0)
        told.send(int(server.sockets[0].getsockname()[1]))
        await server.serve_forever()

    asyncio.run(serve())


@contextlib.contextmanager
def delaying(port: int, seconds: float) -> Iterator[int]:
    """The port of :func:`delay_for` in a process of its own, whose memory is nobody else's; *port* without a delay."""
    if not seconds:
        yield port
        return
    hearing, told = multiprocessing.Pipe()
    proxy = multiprocessing.Process(target=delay_for, args=(port, seconds, told), daemon=True)
    proxy.start()
    try:
        yield hearing.recv()
    finally:
        proxy.kill()
        proxy.join()


@contextlib.contextmanager
def serving(wheels: Path, work: Path, rate: int, latency: float) -> Iterator[str]:
    """The address of a folder of wheels served by nginx, or by Python when nginx is not there."""
    port = 18_000 + os.getpid() % 2_000
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        print("note: nginx is not installed, a Python server stands in", file=sys.stderr)
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(wheels)]
    else:
        # nginx sends up to 2 MB of an answer before it looks at its limit: a part of a file of that length would come
        # as if there were none.
        limit = f"limit_rate {rate}; sendfile_max_chunk 64k;" if rate else ""
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
        with delaying(port, latency) as front:
            yield f"http://127.0.0.1:{front}"
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
    lock = Lock(target=target, packages=tuple(packages), requires_python=">=3.11")
    path.write_text(render_lock(lock))
    return len(packages), sum(package.size or 0 for package in packages)


def write_index(wheels: Path, address: str, work: Path) -> Path:
    """A project that Poetry has locked to the wheels of the folder, which it finds on a simple index made here."""
    from packaging.utils import parse_wheel_filename

    rows: dict[str, tuple[str, Path]] = {}
    for wheel in sorted(wheels.glob("*.whl")):
        name, version, *_ = parse_wheel_filename(wheel.name)
        rows[name] = (str(version), wheel)
    for name, (_, wheel) in rows.items():
        page = wheels / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with wheel.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        href = f"{address}/{wheel.name}".replace("+", "%2B")
        page.write_text(f'<!DOCTYPE html><a href="{href}#sha256={digest}">{wheel.name}</a>')
    project = work / "poetry"
    project.mkdir(exist_ok=True)
    pins = "".join(f'"{name}" = "=={version}"\n' for name, (version, _) in rows.items())
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    (project / "pyproject.toml").write_text(
        '[tool.poetry]\nname = "bench"\nversion = "1"\ndescription = ""\nauthors = []\npackage-mode = false\n'
        f'[[tool.poetry.source]]\nname = "bench"\nurl = "{address}/simple/"\n'
        f'[tool.poetry.dependencies]\npython = "~{minor}"\n{pins}'
    )
    subprocess.run([POETRY, "lock", "-q"], cwd=project, check=True)
    return project


def commands(lock: Path, python: str, caches: Path, project: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """How each tool installs the lock into the environment of *python*, and its variables."""
    own = Path(sys.executable).with_name("accelinstall")
    return {
        "accelinstall": (
            [str(own), "sync", str(lock), "--python", python, "--no-proof", "--quiet"],
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
        "poetry": (
            [POETRY, "-C", str(project), "install", "-q", "--no-root"],
            {"POETRY_CACHE_DIR": str(caches / "poetry"), "VIRTUAL_ENV": str(Path(python).parent.parent)},
        ),
    }


def limits(directory: str | None) -> None:
    """What this machine can do at most, one thread each: SHA-256, inflate, copying to the disk that is installed to."""
    from isal import isal_zlib

    data = random.Random(1).randbytes(64 << 20)
    text = data[: 16 << 20].hex().encode()
    compressor = isal_zlib.compressobj(wbits=-15)
    packed = compressor.compress(text) + compressor.flush()

    def best(work: Callable[[], object], amount: int) -> str:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
        return f"{amount / min(times) / 1e6:.0f} MB/s"

    def write() -> None:
        with tempfile.NamedTemporaryFile(dir=directory, buffering=0) as file:
            file.write(data)

    print(f"SHA-256 {best(lambda: hashlib.sha256(data), len(data))}", end="; ")
    print(f"inflate (ISA-L) {best(lambda: isal_zlib.decompress(packed, wbits=-15), len(text))}", end="; ")
    print(f"write {best(write, len(data))}; {os.cpu_count()} cores")


Samples = dict[tuple[str, str], list[Sample]]


def run_round(tool: str, lock: Path, work: Path, project: Path, samples: Samples) -> None:
    """One tool's cold, warm and nothing."""
    caches, environment = work / "caches", work / "environment"
    command, environ = commands(lock, str(environment / "bin" / "python"), caches, project)[tool]
    # pip keeps no unpacked wheels; with its cache it does the same work again.
    for kind in ("cold",) if tool == "pip" else ("cold", "warm"):
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run([UV, "venv", "-q", "--python", sys.executable, str(environment)], check=True)
        samples.setdefault((tool, kind), []).append(measure(command, environ))
    measure(command, environ)
    samples.setdefault((tool, "nothing"), []).append(measure(command, environ))
    shutil.rmtree(environment)
    shutil.rmtree(caches, ignore_errors=True)


def main() -> None:
    """Prints the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=("small", *SETS), default="small")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=0, help="bytes per second and connection")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each piece of an answer is held back")
    parser.add_argument("--tools", default="accelinstall,uv,pip")
    parser.add_argument("--directory", help="where caches and environments go (default: a temporary folder)")
    parser.add_argument("--wheels", type=Path, help="where downloaded wheels are (default: benchmarks/results/<set>)")
    parser.add_argument("--limits", action="store_true", help="print what this machine can do at most")
    options = parser.parse_args()
    if options.limits:
        limits(options.directory)
        return
    tools = options.tools.split(",")
    samples: Samples = {}
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        work = Path(folder)
        wheels = work / "wheels"
        if options.set != "small":
            wheels = options.wheels or HERE / "results" / options.set
        wheels.mkdir(parents=True, exist_ok=True)
        if options.set == "small":
            make_small_set(wheels)
        else:
            download_set(wheels, SETS[options.set])
        with serving(wheels, work, options.rate, options.latency) as address:
            lock = work / "pylock.bench.toml"
            count, total = write_lock(wheels, address, lock)
            project = write_index(wheels, address, work) if "poetry" in tools else work
            for _ in range(options.rounds):
                for tool in tools:
                    run_round(tool, lock, work, project, samples)
    report(samples, tools, count, total, options)


def report(samples: Samples, tools: list[str], count: int, total: int, options: argparse.Namespace) -> None:
    """The table."""
    capped = f", each connection capped at {options.rate / 1e6:g} MB/s" if options.rate else ""
    held = f", answers held back {options.latency * 1000:g} ms" if options.latency else ""
    print(f"{count} wheels, {total / 1e6:.0f} MB{capped}{held}; {options.rounds} rounds\n")
    print("| | cold s | ratio to uv | warm s | ratio to uv | nothing s | CPU s (cold) | peak MB (cold) |")
    print("|---|---|---|---|---|---|---|---|")
    for tool in tools:
        cells = [tool]
        for kind in ("cold", "warm"):
            mine = samples.get((tool, kind))
            cells.append(f"{statistics.median(s.wall for s in mine):.3g}" if mine else "-")
            cells.append(_ratio(mine, samples.get(("uv", kind))))
        cells.append(f"{statistics.median(s.wall for s in samples[tool, 'nothing']):.3f}")
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
