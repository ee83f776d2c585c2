"""What it costs to start: interpreter, import, ``--version``, detection, a run with nothing to do.

    python benchmarks/startup.py [--project DIR]

Each row is the median of 15 fresh processes, interleaved, in milliseconds over the bare interpreter; ``detect`` is
measured inside the process.  ``--project`` adds ``optimize`` on a project that is already installed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

ROUNDS = 15

PROCESSES = {
    "bare interpreter": ["-c", "pass"],
    "import accelinstall": ["-c", "import accelinstall"],
    "accelinstall --version": ["-m", "accelinstall", "--version"],
    "accelinstall --help": ["-m", "accelinstall", "--help"],
    "accelinstall detect": ["-m", "accelinstall", "detect"],
    "accelinstall explain torch": ["-m", "accelinstall", "explain", "torch"],
}

INSIDE = """
import time
from accelinstall.hardware import LocalHost, detect
t = time.perf_counter(); detect(LocalHost()); print((time.perf_counter() - t) * 1000)
"""


def wall(arguments: list[str]) -> float:
    """Milliseconds of one fresh process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Prints the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", help="a project already installed by `accelinstall optimize`")
    options = parser.parse_args()
    processes = dict(PROCESSES)
    if options.project:
        processes["optimize, nothing to do"] = ["-m", "accelinstall", "optimize", "--project", options.project]
    times: dict[str, list[float]] = {name: [] for name in processes}
    for _ in range(ROUNDS):
        for name, arguments in processes.items():
            times[name].append(wall(arguments))
    bare = statistics.median(times["bare interpreter"])
    print("| | median ms | over the bare interpreter |\n|---|---|---|")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"| {name} | {median:.0f} | {median - bare:.0f} |")
    inside = [
        float(subprocess.run([sys.executable, "-c", INSIDE], check=True, capture_output=True, text=True).stdout)
        for _ in range(ROUNDS)
    ]
    print(f"| detect, inside the process | {statistics.median(inside):.0f} | |")


if __name__ == "__main__":
    main()
