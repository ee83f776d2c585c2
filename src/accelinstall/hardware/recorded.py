"""A machine from a folder: the same questions, answered by a record and by nothing else.

The folder holds ``host.toml`` and ``root/``, the files as the machine has them (an empty file: the node exists).  A
colon in a file name is written ``%3A``, because Windows cannot hold one.  Every table is optional; what is absent from
the record is absent on that machine.  Besides the tables that the machine's own words fill (``platform``, ``environ``,
``nvml``, ``sysctl``, ``windows``, ``commands``), ``[access] denied`` lists paths that exist and may not be opened.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from accelinstall.errors import DetectionError
from accelinstall.hardware.host import (
    DRIVER_DEADLINE,
    LONGEST_TEXT,
    CommandAnswer,
    NvmlAnswer,
    NvmlDevice,
    PlatformFacts,
)

SCHEMA = 1


class MalformedRecord(DetectionError):
    """A recorded host that cannot be read.

    :ivar path: the file at fault; ``problems`` says everything that is wrong with it.
    """

    code = "malformed-record"

    def __init__(self, path: str, problems: Sequence[str]) -> None:
        listed = "; ".join(problems)
        super().__init__(f"{path}: {listed}", hint="accelinstall detect --record DIR writes a record that can be read")
        self.path, self.problems = path, tuple(problems)


class RecordedHost:
    """The machine that the record in *directory* describes.

    :raises MalformedRecord: when ``host.toml`` is missing or malformed; every problem is named.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = os.path.abspath(directory)
        self._root = os.path.realpath(os.path.join(self.directory, "root"))
        path = os.path.join(self.directory, "host.toml")
        reader = _Reader(_load(path))
        self._facts = _platform(reader)
        self._environ = reader.texts("environ")
        self._sysctl = reader.texts("sysctl")
        self._nvml = _nvml(reader)
        self._adapters = reader.strings("windows", "display_adapters")
        self._denied = frozenset(reader.strings("access", "denied"))
        self._affinity = reader.number("platform", "affinity")
        self._commands = _commands(reader)
        if reader.problems:
            raise MalformedRecord(path, reader.problems)

    def facts(self) -> PlatformFacts:
        """The table ``[platform]``."""
        return self._facts

    def read_text(self, path: str) -> str | None:
        """The file below ``root/``."""
        local = self._find(path)
        # A pipe would make its reader wait.
        if local is None or path in self._denied or not os.path.isfile(local):
            return None
        try:
            with open(local, "rb") as file:
                return file.read(LONGEST_TEXT).decode("utf-8", "replace")
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        """Whether the record holds the file."""
        return self._find(path) is not None

    def is_writable(self, path: str) -> bool:
        """Whether the record holds the file and does not list it as denied."""
        return path not in self._denied and self.exists(path)

    def list_dir(self, path: str) -> tuple[str, ...]:
        """What the record holds of the folder."""
        local = self._find(path)
        try:
            names = os.listdir(local) if local is not None else []
        except OSError:
            return ()
        return tuple(sorted(name.replace("%3A", ":") for name in names))

    def environ(self, name: str) -> str | None:
        """The table ``[environ]``, never this process's variables."""
        return self._environ.get(name)

    def affinity(self) -> int | None:
        """``affinity`` of ``[platform]``."""
        return self._affinity

    def nvml(self, *, deadline: float = DRIVER_DEADLINE) -> NvmlAnswer:
        """The table ``[nvml]``, at once: a driver that hung while it was recorded costs no time here."""
        return self._nvml

    def run(self, command: Sequence[str], *, deadline: float = DRIVER_DEADLINE) -> CommandAnswer:
        """The recorded answer of exactly this command line."""
        return self._commands.get(" ".join(command), CommandAnswer(status="missing"))

    def sysctl(self, name: str) -> str | None:
        """The table ``[sysctl]``."""
        return self._sysctl.get(name)

    def display_adapters(self) -> tuple[str, ...]:
        """``display_adapters`` of ``[windows]``."""
        return self._adapters

    def _find(self, path: str) -> str | None:
        # Resolved before it is trusted: a record from elsewhere may hold links or `..` that lead out of it.
        for name in dict.fromkeys((path.replace(":", "%3A"), path)):
            local = os.path.realpath(os.path.join(self._root, name.lstrip("/")))
            inside = local == self._root or local.startswith(self._root + os.sep)
            if inside and os.path.exists(local):
                return local
        return None


class _Reader:
    """Typed looks into ``host.toml`` that gather every problem instead of stopping at the first."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.problems: list[str] = []
        schema = document.get("schema", SCHEMA)
        if schema != SCHEMA:
            self.problems.append(f"schema is {schema!r}, this version reads {SCHEMA}")

    def table(self, name: str) -> Mapping[str, Any] | None:
        return self.checked_table(self._document.get(name), f"[{name}]")

    def checked_table(self, value: object, where: str) -> Mapping[str, Any] | None:
        if value is None or isinstance(value, dict):
            return value
        self.problems.append(f"{where} is not a table")
        return None

    def value(self, table: Mapping[str, Any], key: str, kind: type, *, where: str, default: Any) -> Any:
        value = table.get(key, default)
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        if value is not default:
            expected = {str: "a string", int: "an integer", bool: "true or false", list: "an array"}[kind]
            self.problems.append(f"{where}.{key} is {value!r}, not {expected}")
        return default

    def number(self, table: str, key: str) -> int | None:
        found = self.value(self.table(table) or {}, key, int, where=table, default=None)
        return int(found) if found is not None else None

    def strings(self, table: str, key: str) -> tuple[str, ...]:
        values = self.value(self.table(table) or {}, key, list, where=table, default=[])
        return self.only_strings(values, f"{table}.{key}")

    def only_strings(self, values: list[Any], where: str) -> tuple[str, ...]:
        if all(isinstance(value, str) for value in values):
            return tuple(values)
        self.problems.append(f"{where} holds something else than strings")
        return ()

    def texts(self, name: str) -> dict[str, str]:
        table = self.table(name) or {}
        return {key: self.value(table, key, str, where=name, default="") for key in table}


def _load(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError as error:
        raise MalformedRecord(path, ["there is no such file"]) from error
    except OSError as error:
        raise MalformedRecord(path, [error.strerror or str(error)]) from error
    except UnicodeDecodeError as error:
        raise MalformedRecord(path, [f"byte {error.start} is not UTF-8"]) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # tomllib's message ends in "(at line 3, column 5)".
        raise MalformedRecord(path, [f"not TOML: {error}"]) from error


def _platform(reader: _Reader) -> PlatformFacts:
    table = reader.table("platform")
    if table is None:
        reader.problems.append("[platform] is missing")
        table = {"system": "", "machine": ""}
    reader.problems += [f"platform.{key} is missing" for key in ("system", "machine") if key not in table]
    texts = {
        key: reader.value(table, key, str, where="platform", default="")
        for key in ("system", "machine", "release", "libc", "mac_ver", "python_version", "cpu_model")
    }
    numbers = {
        key: reader.value(table, key, int, where="platform", default=default)
        for key, default in (("logical_cores", 0), ("memory_bytes", 0), ("pointer_bits", 64))
    }
    return PlatformFacts(**texts, **numbers, cpu_flags=reader.strings("platform", "cpu_flags"))


def _nvml(reader: _Reader) -> NvmlAnswer:
    table = reader.table("nvml")
    if table is None:
        return NvmlAnswer(status="absent")
    if reader.value(table, "hangs", bool, where="nvml", default=False):
        return NvmlAnswer(status="hung")
    error = reader.value(table, "error", str, where="nvml", default="")
    if error:
        return NvmlAnswer(status="failed", error=error)
    devices = reader.value(table, "devices", list, where="nvml", default=[])
    return NvmlAnswer(
        status="answered",
        driver_version=reader.value(table, "driver_version", str, where="nvml", default=""),
        cuda_driver_version=reader.value(table, "cuda_driver_version", str, where="nvml", default=""),
        devices=tuple(_nvml_device(reader, device, index) for index, device in enumerate(devices)),
    )


def _nvml_device(reader: _Reader, value: object, position: int) -> NvmlDevice:
    where = f"nvml.devices[{position}]"
    table = reader.checked_table(value, where) or {}
    texts = {
        key: reader.value(table, key, str, where=where, default="")
        for key in ("name", "compute_capability", "uuid", "pci_address", "error")
    }
    instances = reader.value(table, "mig_instances", list, where=where, default=None)
    return NvmlDevice(
        index=reader.value(table, "index", int, where=where, default=position),
        memory_bytes=reader.value(table, "memory_bytes", int, where=where, default=None),
        mig=reader.value(table, "mig", bool, where=where, default=False),
        mig_instances=None if instances is None else reader.only_strings(instances, f"{where}.mig_instances"),
        **texts,
    )


def _commands(reader: _Reader) -> dict[str, CommandAnswer]:
    answers: dict[str, CommandAnswer] = {}
    for line, value in (reader.table("commands") or {}).items():
        where = f"commands.{line!r}"
        table = reader.checked_table(value, where) or {}
        if reader.value(table, "hangs", bool, where=where, default=False):
            answers[line] = CommandAnswer(status="hung")
            continue
        answers[line] = CommandAnswer(
            status="finished",
            stdout=reader.value(table, "stdout", str, where=where, default=""),
            returncode=reader.value(table, "returncode", int, where=where, default=0),
        )
    return answers
