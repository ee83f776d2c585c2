"""What it costs to look at a machine and to explain what fits it, inside one process after import.

    python benchmarks/detect.py [--rounds 15] [--gate]

Three things are measured: ``detect`` on this machine and on every recorded host, ``detect`` on a recorded host whose
driver really hangs (a stand-in for NVML's binding that never returns, in the real child process), and ``explain torch``
on every recorded host, from the requirement to the last verdict.  ``--gate`` ends with 1 when a limit is exceeded:
100 ms without a GPU, 2.5 s with a driver that hangs, 50 ms for an explanation.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from accelinstall import explain
from accelinstall.hardware import LocalHost, NvmlAnswer, RecordedHost, detect
from accelinstall.hardware.local_nvml import ask

HOSTS = Path(__file__).parents[1] / "tests" / "hosts"
WEDGED = HOSTS / "linux-a100-wedged-driver"
LIMITS = {"this machine": 100.0, "a driver that hangs": 2500.0, "explain": 50.0}
HANGS = "class NVMLError(Exception): pass\ndef nvmlInit():\n    import time\n    time.sleep(600)\n"


class WedgedHost(RecordedHost):
    """A recorded machine whose NVML is asked in the real child process and never answers."""

    binding = ""

    def nvml(self, *, deadline: float = 2.0) -> NvmlAnswer:
        """Hung, after the whole deadline."""
        return ask(deadline=deadline, library="libnvidia-ml.so.1", binding=self.binding)


def milliseconds(action: Callable[[], object], rounds: int) -> list[float]:
    """How long *action* takes, each time."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        action()
        found.append((time.perf_counter() - started) * 1000)
    return found


def hung(rounds: int) -> list[float]:
    """``detect`` beside a driver that never answers."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pynvml.py").write_text(HANGS, encoding="utf-8")
        host = WedgedHost(WEDGED)
        host.binding = folder
        times = milliseconds(lambda: detect(host), rounds)
        unknown = [device for device in detect(host).devices if not device.confirmed]
    if not unknown:
        raise SystemExit("the driver that hangs was not noticed")
    return times


def measured(rounds: int) -> dict[str, list[float]]:
    """Name of the row -> times; the slowest host stands beside the median of all."""
    directories = sorted(path for path in HOSTS.iterdir() if (path / "host.toml").exists())
    replays = {path.name: milliseconds(lambda p=path: detect(RecordedHost(p)), rounds) for path in directories}
    explain("torch", host=directories[0])  # Imports what it needs; what follows is the work alone.
    told: dict[str, list[float]] = {}
    for path in directories:
        try:
            told[path.name] = milliseconds(lambda p=path: explain("torch", host=p), rounds)
        except Exception as error:  # A machine that no build fits is explained by an error.
            if not hasattr(error, "verdicts"):
                raise
    return {
        "detect, this machine": milliseconds(lambda: detect(LocalHost()), rounds),
        "detect, a recorded host (median)": [statistics.median(times) for times in replays.values()],
        f"detect, {_slowest(replays)} (slowest)": replays[_slowest(replays)],
        "detect, a driver that hangs": hung(min(rounds, 3)),
        "explain torch, a recorded host (median)": [statistics.median(times) for times in told.values()],
        f"explain torch, {_slowest(told)} (slowest)": told[_slowest(told)],
    }


def _slowest(times: dict[str, list[float]]) -> str:
    return max(times, key=lambda name: statistics.median(times[name]))


def main() -> int:
    """Prints the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--gate", action="store_true", help="exit with 1 when a limit is exceeded")
    options = parser.parse_args()
    print("| | median ms | worst ms | limit ms |\n|---|---|---|---|")
    exceeded = False
    for name, times in measured(options.rounds).items():
        limit = next((value for key, value in LIMITS.items() if key in name), None)
        median = statistics.median(times)
        exceeded |= limit is not None and median > limit
        print(f"| {name} | {median:.1f} | {max(times):.1f} | {'' if limit is None else f'{limit:.0f}'} |")
    return 1 if options.gate and exceeded else 0


if __name__ == "__main__":
    sys.exit(main())
