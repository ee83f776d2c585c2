"""A report from the JSON document that ``accelinstall detect --json`` prints."""

from __future__ import annotations

from collections.abc import Mapping

from accelinstall.errors import DetectionError
from accelinstall.model.hardware import HardwareReport

SCHEMA = 1


class MalformedReport(DetectionError):
    """A document that is no report.

    :ivar place: where in the document, such as ``$.devices[0].vendor``; empty for the whole.
    """

    code = "malformed-report"

    def __init__(self, reason: str, *, place: str = "") -> None:
        super().__init__(
            f"{place or 'the document'}: {reason}", hint="accelinstall detect --json prints a report that can be read"
        )
        self.place = place


def report_from_document(document: Mapping[str, object]) -> HardwareReport:
    """The report that *document* (decoded JSON) was made of; keys that this version does not know are passed over.

    :raises MalformedReport: when a key that must be there is missing or a value has another form.
    """
    import msgspec

    schema = document.get("schema") if isinstance(document, Mapping) else None
    if schema != SCHEMA or isinstance(schema, bool):
        raise MalformedReport(f"schema is {schema!r}, this version reads {SCHEMA}")
    try:
        return msgspec.convert(document, type=HardwareReport)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `")
        raise MalformedReport(reason[:1].lower() + reason[1:], place=place.rstrip("`")) from None
    except RecursionError:
        raise MalformedReport("it is nested too deeply") from None
