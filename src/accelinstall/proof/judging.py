"""From what a child said to a verdict with one factual sentence; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from accelinstall.model.installation import Proof

_WORDS = {"cuda": "CUDA", "rocm": "ROCm", "xpu": "XPU", "mps": "Metal", "cpu": "CPU", "edge": "CPU"}


class Ending(Protocol):
    """How a child ended; see :class:`accelinstall.proof.proving.Answer`."""

    @property
    def report(self) -> Mapping[str, Any] | None: ...
    @property
    def status(self) -> int | None: ...
    @property
    def said(self) -> str: ...
    @property
    def seconds(self) -> float: ...


def judge(framework: str, environment: str, answer: Ending, *, timeout: float, device_expected: bool) -> Proof:
    """The proof that *answer* amounts to.

    :param device_expected: whether the machine has a device of *environment*, as far as is known.
    """
    report = answer.report or {}
    version = str(report.get("version", ""))
    devices: Sequence[Mapping[str, Any]] = report.get("devices", ())
    architectures = tuple(str(item) for item in report.get("architectures", ()))
    if answer.report is None or "error" in report:
        status, detail = "failed", _why_no_answer(framework, answer, timeout)
    elif report.get("import_only"):
        status, detail = "proved", f"{framework} {version} imports".replace("  ", " ")
    elif not report.get("built", True):
        status = "failed"
        detail = f"the installed build {framework} {version} holds no code for {_WORDS.get(environment, environment)}"
    elif not devices or all(device.get("missing") for device in devices):
        status, detail = _without_device(framework, version, environment, answer, device_expected)
    else:
        status, detail = _computed(framework, version, devices, architectures)
    return Proof(
        framework=framework,
        version=version,
        status=status,  # type: ignore[arg-type]
        device=", ".join(_label(device) for device in devices if not device.get("missing")),
        detail=detail,
        architectures=architectures,
        seconds=round(answer.seconds, 3),
    )


def _why_no_answer(framework: str, answer: Ending, timeout: float) -> str:
    said = f": {answer.said}" if answer.said else ""
    if answer.status is None:
        return f"{framework} did not finish within {timeout:g} s{said}"
    if answer.status < 0:
        return f"{framework} was ended by {_signal_name(-answer.status)}{said}"
    if answer.report:
        return f"{framework} cannot be used: {answer.report['error']}"
    return f"the process that imports {framework} ended with status {answer.status} and no answer{said}"


def _signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _without_device(
    framework: str, version: str, environment: str, answer: Ending, device_expected: bool
) -> tuple[str, str]:
    kind = _WORDS.get(environment, environment)
    if not device_expected:
        return "inconclusive", f"{framework} {version} imports; this machine has no {kind} device to compute on"
    said = f": {answer.said}" if answer.said else ""
    return "failed", f"{framework} {version} finds no {kind} device, though this machine has one{said}"


def _computed(
    framework: str, version: str, devices: Sequence[Mapping[str, Any]], architectures: Sequence[str]
) -> tuple[str, str]:
    wrong = [device for device in devices if device["error"]]
    if not wrong:
        places = ", ".join(_label(device) for device in devices)
        return "proved", f"{framework} {version} multiplied two matrices on {places}"
    device = wrong[0]
    detail = f"{framework} {version} does not compute on {_label(device)}: {device['error']}"
    if device.get("covered") is False:
        detail += f" (the build holds code for {' '.join(architectures)}, the device is {device['architecture']})"
    return "failed", detail


def _label(device: Mapping[str, Any]) -> str:
    return f"{device['device']} {device['name']}".strip()
