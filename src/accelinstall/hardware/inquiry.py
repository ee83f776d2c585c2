"""Questions that leave evidence: what was asked, and what it said or why it said nothing."""

from __future__ import annotations

from collections.abc import Sequence

from accelinstall.hardware.host import CommandAnswer, Host, NvmlAnswer
from accelinstall.model.hardware import Evidence

LONGEST_EXCERPT = 200


class Inquiry:
    """One probe's questions to *host*; :attr:`evidence` grows with every one, in the order asked.

    :ivar probe: the vendor or part that asks, such as ``nvidia``; the first part of the evidence's dotted name.
    """

    def __init__(self, host: Host, probe: str) -> None:
        self.host = host
        self.probe = probe
        self.evidence: list[Evidence] = []

    def note(self, topic: str, source: str, *, excerpt: str = "", failure: str = "", absent: bool = False) -> Evidence:
        """Evidence from a question that the caller asked itself; white space and NULs are folded."""
        words = " ".join(excerpt.replace("\0", " ").split())
        evidence = Evidence(
            probe=f"{self.probe}.{topic}",
            source=source,
            excerpt=words[:LONGEST_EXCERPT],
            failure=failure,
            absent=absent,
        )
        self.evidence.append(evidence)
        return evidence

    def read(self, topic: str, path: str) -> str | None:
        """The text of *path*, ``None`` when it cannot be read."""
        text = self.host.read_text(path)
        if text is not None:
            self.note(topic, path, excerpt=text)
        elif self.host.exists(path):
            self.note(topic, path, failure="cannot be read")
        else:
            self.note(topic, path, failure="does not exist", absent=True)
        return text

    def exists(self, topic: str, path: str) -> bool:
        """Whether *path* is there."""
        there = self.host.exists(path)
        failure = "" if there else "does not exist"
        self.note(topic, path, excerpt="exists" if there else "", failure=failure, absent=not there)
        return there

    def environ(self, name: str) -> str | None:
        """The environment variable *name*; evidence only when it is set."""
        value = self.host.environ(name)
        if value is not None:
            self.note("environ", name, excerpt=f"{name}={value}")
        return value

    def run(self, topic: str, command: Sequence[str]) -> CommandAnswer:
        """What *command* prints."""
        answer = self.host.run(command)
        failure = {"missing": "no such command", "hung": "no answer in time: unknown", "finished": ""}[answer.status]
        if answer.status == "finished" and answer.returncode:
            failure = f"ended with {answer.returncode}"
        absent = answer.status == "missing"
        self.note(topic, " ".join(command), excerpt=answer.stdout, failure=failure, absent=absent)
        return answer

    def nvml(self) -> NvmlAnswer:
        """NVIDIA's management library."""
        answer = self.host.nvml()
        excerpt = ""
        if answer.status == "answered":
            excerpt = f"driver {answer.driver_version}, CUDA {answer.cuda_driver_version}, {len(answer.devices)} GPUs"
        failure = {
            "absent": "the library cannot be found",
            "failed": answer.error,
            "hung": "no answer in time: unknown",
            "answered": "",
        }[answer.status]
        absent = answer.status == "absent"
        self.note("nvml", "libnvidia-ml", excerpt=excerpt, failure=failure, absent=absent)
        return answer
