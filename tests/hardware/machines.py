"""Hosts that misbehave, for tests: recorded machines with one thing about them changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from accelinstall.hardware import CommandAnswer, NvmlAnswer, RecordedHost

HOSTS = Path(__file__).parents[1] / "hosts"
ALL_HOSTS = sorted(HOSTS.iterdir())


class FailingHost(RecordedHost):
    """A host whose NVML raises what no host may raise."""

    def nvml(self, *, deadline: float = 2.0) -> NvmlAnswer:
        raise ZeroDivisionError("a defect")


class CountingHost(RecordedHost):
    """A host that counts what costs a process."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.nvml_calls = 0
        self.commands: list[str] = []

    def nvml(self, *, deadline: float = 2.0) -> NvmlAnswer:
        self.nvml_calls += 1
        return super().nvml(deadline=deadline)

    def run(self, command: Sequence[str], *, deadline: float = 2.0) -> CommandAnswer:
        self.commands.append(" ".join(command))
        return super().run(command, deadline=deadline)


class GarbledHost(RecordedHost):
    """A host whose files and commands say something else than they should."""

    def __init__(self, directory: Path, garble: Callable[[str], str]) -> None:
        super().__init__(directory)
        self._garble = garble

    def read_text(self, path: str) -> str | None:
        text = super().read_text(path)
        return None if text is None else self._garble(text)

    def run(self, command: Sequence[str], *, deadline: float = 2.0) -> CommandAnswer:
        answer = super().run(command, deadline=deadline)
        return CommandAnswer(status=answer.status, stdout=self._garble(answer.stdout), returncode=answer.returncode)


def write_host(directory: Path, *, tables: str = "", root: Mapping[str, str] | None = None) -> Path:
    """A Linux host with more *tables* and the files of *root*."""
    platform = '[platform]\nsystem = "Linux"\nmachine = "x86_64"\nlibc = "glibc 2.39"\n'
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "host.toml").write_text(platform + tables, encoding="utf-8")
    for name, text in (root or {}).items():
        path = directory / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory
