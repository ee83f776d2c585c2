"""What a machine is: in comes a :class:`Host`, out goes a :class:`~accelinstall.model.hardware.HardwareReport`.

A host is this machine (:class:`LocalHost`) or a record of any other (:class:`RecordedHost`); :class:`RecordingHost`
writes such a record, so that a bug report becomes a test.  This room reports what is there, usable or not, with its
evidence.  It refuses to know frameworks, versions and builds: whether anything fits is ``selection``'s business.
"""

from typing import TYPE_CHECKING

from accelinstall.hardware.detect import detect
from accelinstall.hardware.host import CommandAnswer, Host, NvmlAnswer, NvmlDevice, PlatformFacts
from accelinstall.hardware.local import LocalHost
from accelinstall.hardware.recorded import MalformedRecord, RecordedHost

if TYPE_CHECKING:
    from accelinstall.hardware.documents import MalformedReport, report_from_document
    from accelinstall.hardware.recording import RecordingHost, RecordUnwritable

__all__ = [
    "CommandAnswer",
    "Host",
    "LocalHost",
    "MalformedRecord",
    "MalformedReport",
    "NvmlAnswer",
    "NvmlDevice",
    "PlatformFacts",
    "RecordUnwritable",
    "RecordedHost",
    "RecordingHost",
    "detect",
    "report_from_document",
]


def __getattr__(name: str) -> object:
    # Recording is rare and brings hashing and JSON with it.
    if name in ("RecordUnwritable", "RecordingHost"):
        from accelinstall.hardware import recording

        return getattr(recording, name)
    if name in ("MalformedReport", "report_from_document"):
        from accelinstall.hardware import documents

        return getattr(documents, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
