"""Asking each framework, in a child process of its own, to compute."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from accelinstall import events
from accelinstall.model.installation import Interpreter, Proof
from accelinstall.model.target import Target, environment_of
from accelinstall.proof.judging import judge
from accelinstall.values import dataclass

if TYPE_CHECKING:
    import subprocess

_PROGRAM = str(Path(__file__).with_name("_program.py").resolve())
_AT_ONCE = 2
# How long a killed child may take to end; a wedged driver keeps it in the kernel, and it is then left alone.
_GRACE = 2.0
_SETTINGS = {
    # Both would otherwise take most of the GPU's memory, which a running service may need.
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
# Distribution -> (program, module) where they differ from the name.
_PREFIXES = {"tensorflow": "tensorflow", "onnxruntime": "onnxruntime", "jax": "jax", "torch": "torch"}
_VARIANTS = ("-cpu", "-gpu", "-rocm", "-metal", "-directml", "-openvino", "-migraphx", "-aarch64", "-intel", "-macos")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a child ended.

    :ivar report: what it said, or ``None``.
    :ivar status: as ``Popen.returncode``; ``None`` = stopped at the deadline.
    :ivar said: the last lines of its standard error.
    """

    report: Mapping[str, Any] | None
    status: int | None
    said: str
    seconds: float


def prove(
    interpreter: Interpreter,
    frameworks: Sequence[str],
    *,
    target: Target,
    timeout: float = 300.0,
    progress: events.Progress = events.ignore,
    environ: Mapping[str, str] | None = None,
    device_expected: bool | None = None,
) -> tuple[Proof, ...]:
    """One proof per framework, in the order of *frameworks*; never raises for what a framework does.

    Each child imports its framework, multiplies two matrices on every device of the target's environment and checks
    the numbers; frameworks without a program of their own are only imported.  Two children run at a time.

    :param frameworks: canonical distribution names.
    :param timeout: seconds for each child.
    :param environ: what the children see; ``None`` = what this process sees.
    :param device_expected: whether this machine has a device of the target's environment; ``None`` = look for its
        device files.  Where there is none, the proof is ``inconclusive``; where there is one that the framework does
        not find, it has failed.
    """
    variables = dict(os.environ if environ is None else environ) | _SETTINGS
    proofs: dict[int, Proof] = {}
    waiting = list(enumerate(frameworks))
    children = _Children()

    def work() -> None:
        while waiting and not children.stopped:
            number, name = waiting.pop(0)
            environment = _environment(name, target)
            answer = children.ask(interpreter, name, environment, variables, timeout)
            expected = device_expected if device_expected is not None else has_device(environment, variables)
            proofs[number] = judge(name, environment, answer, timeout=timeout, device_expected=expected)
            progress(events.PhaseAdvanced(phase="prove", amount=1, detail=name))

    began = time.perf_counter()
    progress(events.PhaseStarted(phase="prove", total=len(frameworks)))
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(_AT_ONCE, len(waiting)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        children.stop()
    progress(events.PhaseFinished(phase="prove", seconds=time.perf_counter() - began))
    return tuple(proofs[number] for number in sorted(proofs))


def module_of(framework: str) -> tuple[str, str]:
    """The program and the module for a distribution: ``tensorflow-cpu`` -> (``tensorflow``, ``tensorflow``)."""
    stem = framework
    for variant in _VARIANTS:
        stem = stem.removesuffix(variant)
    name = _PREFIXES.get(stem, "")
    return (name, name) if name else ("import", framework.replace("-", "_"))


def has_device(environment: str, environ: Mapping[str, str]) -> bool:
    """Whether this machine has the device files of *environment*'s drivers and nobody has hidden the devices."""
    hidden = {"cuda": ("CUDA_VISIBLE_DEVICES",), "rocm": ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")}
    if any(environ.get(name, "0").strip() in {"", "-1", "NoDevFiles"} for name in hidden.get(environment, ())):
        return False
    places = {
        "cuda": ("/dev/nvidiactl", "/dev/dxg", "/dev/nvhost-gpu"),
        "rocm": ("/dev/kfd", "/dev/dxg"),
        "xpu": ("/dev/dri/renderD128",),
        "mps": ("/System/Library/Frameworks/Metal.framework",),
    }
    return any(Path(path).exists() for path in places.get(environment, ()))


def _environment(framework: str, target: Target) -> str:
    """What *framework* was chosen for, which may differ from the target's head."""
    if framework.endswith("-cpu"):
        return "cpu"
    program = module_of(framework)[0]
    backends = dict(target.backends)
    backend = backends.get(framework) or backends.get(program)
    return (environment_of(backend) if backend else "") or target.environment


class _Children:
    """The running children, so that an interruption ends them all."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self.stopped = False

    def ask(
        self, interpreter: Interpreter, framework: str, environment: str, environ: Mapping[str, str], timeout: float
    ) -> Answer:
        import subprocess
        import tempfile

        program, module = module_of(framework)
        command = [interpreter.executable, "-I", "-X", "faulthandler", _PROGRAM, program, module, environment]
        began = time.perf_counter()
        # Files, not pipes: a child that is abandoned must not keep anybody waiting for the end of a pipe.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                child = self._start(command, out, err, environ)
            except OSError as error:
                said = f"{interpreter.executable}: {error.strerror}"
                return Answer(report=None, status=127, said=said, seconds=time.perf_counter() - began)
            try:
                status: int | None = child.wait(timeout)
            except subprocess.TimeoutExpired:
                status = None
                _kill(child)
            finally:
                with self._lock:
                    self._running.discard(child)
            return Answer(
                report=_parsed(_read(out)), status=status, said=_last(_read(err)), seconds=time.perf_counter() - began
            )

    def _start(
        self, command: list[str], out: BinaryIO, err: BinaryIO, environ: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        import subprocess

        with self._lock:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environ,
                cwd=Path(command[0]).parent,
                start_new_session=True,
            )
            self._running.add(child)
            return child

    def stop(self) -> None:
        self.stopped = True
        with self._lock:
            running = list(self._running)
        for child in running:
            _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and what it has started."""
    import signal
    import subprocess

    try:
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
        child.wait(_GRACE)
    except (OSError, subprocess.TimeoutExpired):
        return


def _read(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _parsed(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _last(text: str, lines: int = 3) -> str:
    found = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(line[:300] for line in found[-lines:])
