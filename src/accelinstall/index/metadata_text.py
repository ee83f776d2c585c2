"""METADATA text as the fields that resolving needs."""

from __future__ import annotations

from accelinstall.index.filenames import canonical
from accelinstall.model.index import CoreMetadata


def parse_metadata(content: bytes) -> CoreMetadata:
    """The fields of a METADATA file; the description after the first empty line is not looked at.

    Headers are read as the core-metadata specification writes them: any case, long ones continued on indented lines,
    which may hold nothing but the indent (licence texts have such).

    :raises ValueError: when ``Name`` or ``Version`` is missing.
    """
    fields: dict[str, list[str]] = {}
    values: list[str] = []
    for line in content.decode("utf-8", "replace").lstrip("\ufeff").replace("\r\n", "\n").split("\n"):
        if not line:
            if fields:
                break
            continue
        if line[0] in " \t":
            if values:
                values[-1] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        if not colon:
            break
        values = fields.setdefault(name.strip().lower(), [])
        values.append(value.strip())
    for required in ("name", "version"):
        if not fields.get(required, [""])[0]:
            raise ValueError(f"it has no `{required.title()}` field")
    return CoreMetadata(
        name=fields["name"][0],
        version=fields["version"][0],
        requires_dist=tuple(value for value in fields.get("requires-dist", ()) if value),
        requires_python=fields.get("requires-python", [""])[0],
        provides_extra=tuple(dict.fromkeys(canonical(extra) for extra in fields.get("provides-extra", ()) if extra)),
    )
