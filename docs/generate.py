"""Writes the tables of ``docs/`` that follow from the recorded hosts: ``coverage.md`` and ``peers.md``.

    python docs/generate.py            # write
    python docs/generate.py --check    # say which are stale, exit 1 when one is

Our answers are computed: record -> report -> selection for ``torch``.  The peers' answers are read from ``peers.toml``,
which ``docs/measure_peers.py`` fills by running them.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelinstall.catalog import load_catalog
from accelinstall.hardware import RecordedHost, detect
from accelinstall.model.hardware import ENVIRONMENTS, Device, HardwareReport
from accelinstall.model.selection import Selection, Verdict, Wish
from accelinstall.model.target import environment_of
from accelinstall.selection import NoBuildFits, choose_environment, select

DOCS = Path(__file__).parent
HOSTS = DOCS.parent / "tests" / "hosts"
COMMAND = "python docs/generate.py"
DEFAULT_INDEX = "PyPI"

COVERAGE = """\
# Which machine gets which torch

What `accelinstall explain torch` answers on every recorded host of `tests/hosts/`, and why: {hosts} machines, catalog
of {serial}. Written by `{command}`; a test keeps it true. The hosts replay anywhere
(`accelinstall explain torch --host tests/hosts/NAME`), and [hosts.md](hosts.md) says how yours becomes one of them.
~~Struck through~~: there, but not usable.

{counts}

"""

PEERS = """\
# The same machines, judged by others

What four tools would install for `torch` on the recorded hosts. Catalog of {serial}. Written by `{command}`
from `peers.toml`, which `docs/measure_peers.py` fills; a test keeps our column true.

How the columns were obtained:

- **runs**: what the machine can start, from the record's `expected.toml`, which is written by hand from the vendors'
  tables and reviewed.
- **ours**: computed from the record.
- **uv** {uv}: run. `uv pip compile --torch-backend=auto` against a loopback copy of PyTorch's index pages (releases,
  builds and tags of the catalog). uv cannot read a record, so what it would have read there, in its documented order
  (`/sys/module/nvidia/version`, `/proc/driver/nvidia/version`, `nvidia-smi`, `rocm_agent_enumerator`, display
  devices of Intel's), is handed to it by `UV_CUDA_DRIVER_VERSION`, `UV_AMD_GPU_ARCHITECTURE` or
  `--torch-backend=xpu`, as if ROCm's tools were installed.
- **light-the-torch** {light-the-torch}: run, against the same pages; its query of `nvidia-smi` is answered from the
  record.
- **torchruntime** {torchruntime}: run. Its device table and platform choice, given the record's PCI ids as
  `lspci -nn` prints them; the version is the newest on the index that it names.

`-`: not asked, because the tool or the record does not know the platform or holds no PCI ids. An answer in **bold** has
a fault, by the vendors' tables in the catalog: the number refers to this list. An older release that runs is no fault.

{faults}

{totals}

What stands out:

- uv asks the driver alone and takes the newest CUDA index it allows, then the newest torch there: drivers 525 to 579
  get torch 2.8 with cu129 although 2.14 with cu126 runs, and Pascal and Volta under driver 580 get builds without code
  for them. In a container it takes the host's driver for a GPU, and any Intel display for an XPU.
- light-the-torch compares releases as text, so that 2.9.1 comes before 2.15.0; it knows NVIDIA only.
- torchruntime never asks the driver. Where it finds no GPU it names no index, and on Linux the default index's wheel
  is a CUDA build of gigabytes.
- On Windows with a Radeon, torchruntime takes `torch-directml`, which uses the GPU, with torch 2.4.1 and in
  maintenance only. Ours is the CPU build as long as the catalog knows no build of torch for AMD on Windows.
- On Windows on Arm, PyTorch's own index has CPU wheels for some Pythons (pytorch/pytorch#152109) that the catalog does
  not list yet. uv finds none here because the copied pages are made from the catalog; from the real index it would
  take one, and be right where we are not.

"""

FAULTS = {
    "driver-too-old": "the driver is too old for the build's CUDA",
    "architecture-not-compiled": "the build holds no code for the GPU (or PyTorch did not validate it)",
    "no-device": "no GPU can be used there: gigabytes for nothing, although the build starts on the CPU",
    "idle": "a usable GPU stays idle",
    "left-out": "one of several GPUs is left out, although another build serves them all",
    "error": "nothing is installed, although a build exists",
    "other": "the build does not run there",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What we say of one host.

    :ivar version: release series; empty when no build fits. ``refusal`` then says why.
    """

    name: str
    report: HardwareReport
    environment: str
    version: str = ""
    backend: str = ""
    place: str = ""
    reason: str = ""
    serves_all: bool = True

    @property
    def text(self) -> str:
        """``2.14 cu126``, or ``nothing``: no build fits."""
        return f"{self.version} {self.backend}" if self.version else "nothing"


def answer_of(directory: Path) -> Answer:
    """Our answer for the host recorded in *directory*."""
    report = detect(RecordedHost(directory))
    environment = choose_environment(report)
    try:
        selection = select(report, [Wish(name="torch")], catalog=load_catalog(), environment=environment)
    except NoBuildFits as error:
        reason = f"{error.message}; {error.hint}" if error.hint else error.message
        return Answer(name=directory.name, report=report, environment=environment, reason=reason)
    row = selection.selected[0]
    verdict, choice = _verdict(selection), selection.candidates[0].choice("torch")
    place = choice.source if choice is not None and row.source_url else DEFAULT_INDEX
    return Answer(
        name=directory.name,
        report=report,
        environment=environment,
        version=row.version,
        backend=row.backend,
        place=place,
        reason="; ".join(
            [verdict.reason] * (verdict is not None) + [finding.message for finding in selection.warnings]
        ),
        serves_all=verdict is None or verdict.code != "serves-some",
    )


def answers() -> tuple[Answer, ...]:
    """Our answer for every recorded host, by name."""
    return tuple(answer_of(directory) for directory in sorted(HOSTS.iterdir()) if directory.is_dir())


def _verdict(selection: Selection) -> Verdict | None:
    """The verdict on the build that was selected."""
    row = selection.selected[0]
    mine = [verdict for verdict in selection.verdicts if verdict.accepted and verdict.backend == row.backend]
    return next((verdict for verdict in mine if f"{verdict.version}.".startswith(f"{row.version}.")), None)


def render_coverage(found: Iterable[Answer]) -> str:
    """The text of ``coverage.md``."""
    found = tuple(found)
    counts = Counter(answer.environment if answer.version else "no build" for answer in found)
    line = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    head = COVERAGE.format(hosts=len(found), serial=load_catalog().serial, command=COMMAND, counts=f"Answers: {line}.")
    rows = [
        (f"`{one.name}`", devices_text(one.report.devices), one.environment, one.text, one.place, one.reason)
        for one in found
    ]
    return head + table(("host", "devices", "environment", "torch", "from", "why"), rows)


def devices_text(devices: Iterable[Device]) -> str:
    """``2 x NVIDIA A100 (sm_80)``; those that cannot be used are struck through."""
    texts = Counter(_device_text(device) for device in devices)
    return "; ".join(f"{count} x {text}" if count > 1 else text for text, count in texts.items()) or "none"


def _device_text(device: Device) -> str:
    known = device.architecture and device.architecture != device.name
    text = f"{device.name} ({device.architecture})" if known else device.name
    return text if device.usable else f"~~{text}~~"


def render_peers(found: Iterable[Answer], peers: Mapping[str, Any]) -> str:
    """The text of ``peers.md``: our answer beside what was measured, each with its fault."""
    tools: dict[str, str] = peers["tools"]
    codes, rows, wrong = list(FAULTS), [], Counter[str]()
    for answer in found:
        measured: dict[str, str] = peers["hosts"].get(answer.name, {})
        cells = []
        for column, said in (("ours", answer.text), *((tool, measured.get(tool, "")) for tool in tools)):
            fault = fault_of(said, answer) if column != "ours" else "" if said == runs(answer.name) else "other"
            wrong[column] += bool(fault)
            cells.append(f"**{said}** ({codes.index(fault) + 1})" if fault else said or "-")
        rows.append((f"`{answer.name}`", runs(answer.name), *cells))
    head = PEERS.format(
        command=COMMAND,
        serial=load_catalog().serial,
        faults="\n".join(f"{number}. {text}" for number, text in enumerate(FAULTS.values(), 1)),
        totals=f"Faults on {len(rows)} machines: {', '.join(f'{name} {wrong[name]}' for name in ('ours', *tools))}.",
        **tools,
    )
    return head + table(("host", "runs", "ours", *tools), rows)


def runs(name: str) -> str:
    """What ``expected.toml`` says of the host: ``2.14 cu126``, or that nothing does."""
    expected = tomllib.loads((HOSTS / name / "expected.toml").read_text(encoding="utf-8"))["torch"]
    return f"{expected['version']} {expected['backend']}" if "version" in expected else "nothing"


def fault_of(said: str, answer: Answer) -> str:
    """What is wrong with a peer's answer *said* (``2.15.0 cu132``) there: a key of :data:`FAULTS`, or empty."""
    version, _, backend = said.partition(" ")
    if not said or said == answer.text or (said.startswith("error") and not answer.version):
        return ""
    if said.startswith("error"):
        return "error"
    if not backend:
        return ""  # A package of another kind, such as torch-directml: nothing in the catalog judges it.
    environment = environment_of(backend)
    if answer.report.platform.system == "macos":
        return ""  # One wheel serves the CPU and the GPU.
    if environment == "cpu":
        return "" if answer.environment in ("cpu", "edge") else "idle"
    if not any(device.usable and device.vendor == _VENDOR[environment] for device in answer.report.devices):
        return "no-device" if answer.environment in ("cpu", "edge") else "idle"
    return _refusal(Wish(name="torch", specifier=f"=={version}"), backend, answer)


_VENDOR = {"cuda": "nvidia", "rocm": "amd", "xpu": "intel"}


def _refusal(wish: Wish, backend: str, answer: Answer) -> str:
    """What stands against one build on the host; empty when it is accepted."""
    environment = next(name for name in ENVIRONMENTS if name == environment_of(backend))
    try:
        selection = select(answer.report, [wish], catalog=load_catalog(), environment=environment, backend=backend)
    except NoBuildFits as error:
        return next((row.code for row in error.verdicts if row.backend == backend and row.code in FAULTS), "other")
    verdict = _verdict(selection)
    return "left-out" if verdict is not None and verdict.code == "serves-some" and answer.serves_all else ""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def documents() -> Iterator[tuple[Path, str]]:
    """Each generated file with the text that it should have."""
    found = answers()
    yield DOCS / "coverage.md", render_coverage(found)
    peers = tomllib.loads((DOCS / "peers.toml").read_text(encoding="utf-8"))
    yield DOCS / "peers.md", render_peers(found, peers)


def main(arguments: list[str]) -> int:
    """Writes or checks; the exit code."""
    stale = [(path, text) for path, text in documents() if not path.exists() or path.read_text("utf-8") != text]
    for path, text in stale:
        print(f"{path.name} {'is stale' if '--check' in arguments else 'written'}")
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
