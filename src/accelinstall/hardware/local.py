"""This machine, asked directly."""

from __future__ import annotations

import os
import platform
import struct
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelinstall.hardware import local_nvml, local_system
from accelinstall.hardware.host import (
    DRIVER_DEADLINE,
    LONGEST_TEXT,
    CommandAnswer,
    NvmlAnswer,
    PlatformFacts,
)

if TYPE_CHECKING:
    from io import FileIO


class LocalHost:
    """The machine that runs this process.

    Without a driver library no process is started and no module of weight imported: an answer costs microseconds.
    """

    def __init__(self) -> None:
        self._facts: PlatformFacts | None = None

    def facts(self) -> PlatformFacts:
        """What the interpreter knows, asked once; glibc's version comes from ``confstr``, musl's from its loader."""
        if self._facts is None:
            self._facts = self._read_facts()
        return self._facts

    def _read_facts(self) -> PlatformFacts:
        name = platform.system()
        model, flags = local_system.windows_cpu() if name == "Windows" else ("", ())
        return PlatformFacts(
            system=name,
            machine=_machine(),
            release=platform.release(),
            libc=local_system.libc(self) if name == "Linux" else "",
            mac_ver=local_system.macos_version() if name == "Darwin" else "",
            python_version=platform.python_version(),
            logical_cores=os.cpu_count() or 0,
            memory_bytes=local_system.memory_bytes(),
            pointer_bits=struct.calcsize("P") * 8,
            cpu_model=model,
            cpu_flags=flags,
        )

    def read_text(self, path: str) -> str | None:
        """The start of the file; device trees and drivers may hold bytes that are no text."""
        try:
            with open(path, "rb", buffering=0) as file:
                return _read_up_to(file, LONGEST_TEXT).decode("utf-8", "replace")
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        """As ``os.path.exists``; a folder that may not be entered counts as empty."""
        return os.path.exists(path)

    def is_writable(self, path: str) -> bool:
        """By the effective user's permissions; opening a device node could wake hardware."""
        effective = os.access in os.supports_effective_ids
        return os.access(path, os.R_OK | os.W_OK, effective_ids=effective)

    def list_dir(self, path: str) -> tuple[str, ...]:
        """Sorted, so that two runs on one machine ask in the same order."""
        try:
            return tuple(sorted(os.listdir(path)))
        except OSError:
            return ()

    def environ(self, name: str) -> str | None:
        """This process's variable."""
        return os.environ.get(name)

    def affinity(self) -> int | None:
        """Linux only; macOS has no affinity and Windows none that a container would set."""
        if sys.platform == "linux":
            try:
                return len(os.sched_getaffinity(0))
            except OSError:
                return None
        return None

    def nvml(self, *, deadline: float = DRIVER_DEADLINE) -> NvmlAnswer:
        """Asked in a child process, which is left behind when it does not answer; none starts without a library."""
        return local_nvml.ask(deadline=deadline)

    def run(self, command: Sequence[str], *, deadline: float = DRIVER_DEADLINE) -> CommandAnswer:
        """Started only when the program is on PATH; left behind when it does not end in time."""
        from shutil import which

        program = which(command[0])
        if program is None:
            return CommandAnswer(status="missing")
        from accelinstall.hardware.local_process import run

        return run([program, *command[1:]], deadline=deadline)

    def sysctl(self, name: str) -> str | None:
        """Through the C library, so that no process starts."""
        return local_system.sysctl(name)

    def display_adapters(self) -> tuple[str, ...]:
        """The adapters that are present now, as the window system lists them."""
        return local_system.display_adapters()


def _machine() -> str:
    if sys.platform == "win32":
        # An emulated interpreter sees the real processor here; packages follow the interpreter.
        for mark, machine in (("(AMD64)", "AMD64"), ("(ARM64)", "ARM64"), ("32 bit", "x86")):
            if mark in sys.version:
                return machine
    return platform.machine()


def _read_up_to(file: FileIO, limit: int) -> bytes:
    chunks: list[bytes] = []
    while limit > 0 and (chunk := file.read(limit)):
        chunks.append(chunk)
        limit -= len(chunk)
    return b"".join(chunks)
