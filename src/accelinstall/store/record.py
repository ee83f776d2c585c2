"""RECORD: which file has which hash and size."""

from __future__ import annotations

from typing import NamedTuple

from accelinstall.store.refusals import RecordMalformed

ACCEPTED = frozenset({"sha256", "sha384", "sha512"})
"""Algorithms that the wheel specification lets RECORD use: sha256 or better."""


class Row(NamedTuple):
    """What RECORD says of one file.

    :ivar algorithm: lower-case, empty when the row has no hash; ``digest`` urlsafe base64 without padding.
    """

    algorithm: str
    digest: str
    size: int | None


def parse_record(data: bytes, *, where: str) -> dict[str, Row]:
    """Path -> row, in file order.

    :param where: RECORD's own path, for the refusal.
    :raises RecordMalformed: text that is not UTF-8, a row without three fields, a size that is no number, or two
        rows for one path that differ.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordMalformed(member=where, expected="UTF-8", found=f"byte {error.object[error.start]:#04x}") from None
    rows: dict[str, Row] = {}
    for number, cells in enumerate(_split(text), 1):
        if not cells:
            continue
        if len(cells) != 3:
            raise RecordMalformed(member=where, expected=f"three fields in row {number}", found=len(cells))
        path, checksum, size = cells
        algorithm, _, digest = checksum.partition("=")
        if (size and not (size.isascii() and size.isdigit())) or (checksum and not digest):
            raise RecordMalformed(member=where, expected=f"a hash and a size in row {number}", found=",".join(cells))
        row = Row(algorithm.lower(), digest.rstrip("="), int(size) if size else None)
        if rows.setdefault(path, row) != row:
            raise RecordMalformed(member=where, expected="one row for each path", found=f"two for `{path}`")
    return rows


def _split(text: str) -> list[list[str]]:
    if '"' not in text:
        # No quotes: plain cuts, several times as fast as the csv module.
        return [line.split(",") for line in text.splitlines() if line]
    import csv

    return list(csv.reader(text.splitlines()))
