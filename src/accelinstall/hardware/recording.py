"""Another host, with everything that was asked of it written down as a record that replays."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from accelinstall.errors import DetectionError
from accelinstall.hardware.host import (
    DRIVER_DEADLINE,
    LONGEST_TEXT,
    CommandAnswer,
    Host,
    NvmlAnswer,
    PlatformFacts,
)
from accelinstall.hardware.recorded import SCHEMA
from accelinstall.hardware.redaction import Redactor
from accelinstall.values import replace

_HOST_NAMES = ("HOSTNAME", "COMPUTERNAME")
_USER_NAMES = ("USER", "LOGNAME", "USERNAME")
# The value is an address inside somebody's cluster; that it is set is all anybody asks.
_ADDRESSES = frozenset({"KUBERNETES_SERVICE_HOST"})


class RecordUnwritable(DetectionError):
    """The folder for a record cannot take it."""

    code = "record-unwritable"

    def __init__(self, directory: str, reason: str) -> None:
        super().__init__(f"the record cannot be written to {directory}: {reason}", hint="name a new or empty folder")
        self.directory = directory


class RecordingHost:
    """*inner*, answering without what identifies it; :meth:`save` writes what was asked to *directory*.

    The answers are those of the later replay, so a report made through this host and one made from its record are the
    same.  Only what was asked is written: a record holds no file that detection did not read.
    """

    def __init__(self, inner: Host, directory: str | os.PathLike[str]) -> None:
        self.inner = inner
        self.directory = os.path.abspath(directory)
        self._redactor = Redactor(_private_names(inner))
        self._files: dict[str, str] = {}
        self._nodes: set[str] = set()
        self._denied: set[str] = set()
        self._tables: dict[str, dict[str, object]] = {"platform": {}, "environ": {}, "sysctl": {}, "windows": {}}
        self._nvml: NvmlAnswer | None = None
        self._commands: dict[str, CommandAnswer] = {}

    def facts(self) -> PlatformFacts:
        """As *inner*."""
        facts = self.inner.facts()
        fields = {name: getattr(facts, name) for name in PlatformFacts.__dataclass_fields__}
        self._tables["platform"] |= {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in fields.items()
            if value or name in ("system", "machine")
        }
        return facts

    def read_text(self, path: str) -> str | None:
        """As *inner*, redacted; of ``/proc/cpuinfo`` the first processor stands for all."""
        text = self.inner.read_text(self._redactor.reveal(path))
        if text is None:
            if self.exists(path):
                self._denied.add(path)
            return None
        if path == "/proc/cpuinfo":
            text = self._shorten_cpuinfo(text)
        # Undecodable bytes have grown: what is written must fit what is read.
        data = self._redactor.redact(text).encode("utf-8", "replace")[:LONGEST_TEXT]
        self._files[path] = data.decode("utf-8", "ignore")
        return self._files[path]

    def exists(self, path: str) -> bool:
        """As *inner*."""
        there = self.inner.exists(self._redactor.reveal(path))
        if there:
            self._nodes.add(path)
        return there

    def is_writable(self, path: str) -> bool:
        """As *inner*."""
        writable = self.inner.is_writable(self._redactor.reveal(path))
        if self.exists(path) and not writable:
            self._denied.add(path)
        return writable

    def list_dir(self, path: str) -> tuple[str, ...]:
        """As *inner*, redacted."""
        names = tuple(sorted(map(self._redactor.redact, self.inner.list_dir(self._redactor.reveal(path)))))
        self._nodes |= {f"{path.rstrip('/')}/{name}" for name in names}
        return names

    def environ(self, name: str) -> str | None:
        """As *inner*, redacted."""
        value = self.inner.environ(name)
        if value is None:
            return None
        if name in _ADDRESSES and value:
            self._redactor.note("addresses were left out")
            value = "redacted"
        value = _writable_text(self._redactor.redact(value))
        self._tables["environ"][name] = value
        return value

    def affinity(self) -> int | None:
        """As *inner*."""
        count = self.inner.affinity()
        if count is not None:
            self._tables["platform"]["affinity"] = count
        return count

    def nvml(self, *, deadline: float = DRIVER_DEADLINE) -> NvmlAnswer:
        """As *inner*, with hashes for UUIDs."""
        answer = self.inner.nvml(deadline=deadline)
        devices = tuple(replace(device, uuid=self._redactor.redact(device.uuid)) for device in answer.devices)
        self._nvml = replace(answer, devices=devices)
        return self._nvml

    def run(self, command: Sequence[str], *, deadline: float = DRIVER_DEADLINE) -> CommandAnswer:
        """As *inner*, redacted and without the list of running processes."""
        answer = self.inner.run(command, deadline=deadline)
        if answer.status == "missing":
            return answer
        stdout, processes, _ = answer.stdout.partition("| Processes:")
        if processes:
            self._redactor.note("lists of running processes were left out")
        answer = replace(answer, stdout=_writable_text(self._redactor.redact(stdout)))
        self._commands[" ".join(command)] = answer
        return answer

    def sysctl(self, name: str) -> str | None:
        """As *inner*."""
        value = self.inner.sysctl(name)
        if value is not None:
            value = _writable_text(self._redactor.redact(value))
            self._tables["sysctl"][name] = value
        return value

    def display_adapters(self) -> tuple[str, ...]:
        """As *inner*, without the part of an id that tells one specimen from another."""
        adapters = tuple(_without_instance(identifier) for identifier in self.inner.display_adapters())
        self._tables["windows"]["display_adapters"] = list(adapters)
        return adapters

    def save(self) -> tuple[str, ...]:
        """Write the record; one sentence for each kind of thing that was left out of it.

        :raises RecordUnwritable: when the folder holds something already or cannot be written.
        """
        self.facts()
        try:
            os.makedirs(self.directory, exist_ok=True)
            if os.listdir(self.directory):
                raise RecordUnwritable(self.directory, "it is not empty")
            for path, text in self._files.items():
                _write(self._place(path), text)
            for path in sorted(self._nodes - self._files.keys()):
                if not os.path.exists(self._place(path)):
                    _write(self._place(path), "")
            _write(os.path.join(self.directory, "host.toml"), self._render())
        except OSError as error:
            raise RecordUnwritable(self.directory, error.strerror or str(error)) from error
        return self._redactor.left_out

    def _place(self, path: str) -> str:
        parts = [part for part in PurePosixPath(path.replace(":", "%3A")).parts if part not in ("/", "..")]
        return os.path.join(self.directory, "root", *parts)

    def _render(self) -> str:
        head = {"schema": SCHEMA, "note": "written by accelinstall detect --record"}
        if self._redactor.left_out:
            head["left_out"] = list(self._redactor.left_out)
        parts = [_render_table("", head)]
        parts += [_render_table(f"[{name}]", table) for name, table in self._tables.items() if table]
        if self._denied:
            parts.append(_render_table("[access]", {"denied": sorted(self._denied)}))
        if self._nvml is not None and self._nvml.status != "absent":
            parts += _render_nvml(self._nvml)
        for line, answer in sorted(self._commands.items()):
            table = (
                {"hangs": True}
                if answer.status == "hung"
                else {
                    "stdout": answer.stdout,
                    "returncode": answer.returncode,
                }
            )
            parts.append(_render_table(f"[commands.{_quote(line)}]", table))
        return "\n".join(parts)

    def _shorten_cpuinfo(self, text: str) -> str:
        blocks = re.split(r"\n\s*\n", text.strip("\n"))
        kept = [block for block in blocks[1:] if not block.startswith("processor")]
        if len(kept) + 1 < len(blocks):
            self._redactor.note("lists of processors were cut after the first")
        return "\n\n".join([*blocks[:1], *kept]) + "\n"


def _private_names(host: Host) -> list[tuple[str, str]]:
    name = (host.read_text("/proc/sys/kernel/hostname") or "").strip()
    names = [name, name.partition(".")[0], *(host.environ(variable) or "" for variable in _HOST_NAMES)]
    users = [host.environ(variable) or "" for variable in _USER_NAMES]
    return [(name, "redacted-host") for name in names] + [(name, "redacted-user") for name in users]


def _without_instance(identifier: str) -> str:
    return "\\".join(identifier.split("\\")[:2])


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text.encode("utf-8", "replace"))


def _writable_text(text: str) -> str:
    # Environment variables may hold bytes that are no text; TOML holds text only.
    return text.encode("utf-8", "replace").decode("utf-8")


def _render_nvml(answer: NvmlAnswer) -> list[str]:
    if answer.status == "hung":
        return [_render_table("[nvml]", {"hangs": True})]
    if answer.status == "failed":
        return [_render_table("[nvml]", {"error": answer.error})]
    head = {"driver_version": answer.driver_version, "cuda_driver_version": answer.cuda_driver_version}
    tables = [_render_table("[nvml]", head)]
    for device in answer.devices:
        fields = {name: getattr(device, name) for name in type(device).__dataclass_fields__}
        tables.append(_render_table("[[nvml.devices]]", {k: v for k, v in fields.items() if v is not None}))
    return tables


def _render_table(title: str, table: Mapping[str, object]) -> str:
    lines = [title] if title else []
    lines += [f"{_key(key)} = {_render_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _render_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_render_value, value)) + "]"
    return _quote(str(value))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name, re.ASCII) else _quote(name)


def _quote(text: str) -> str:
    # JSON's strings are TOML's basic strings, but for DEL and for surrogates, which no caller passes.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
