"""RECORD: which file has which hash and size."""

from __future__ import annotations

import io
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import NamedTuple

from accelinstall.store.unpacking.refusals import RecordMalformed

ACCEPTED = frozenset({"sha256", "sha384", "sha512"})
"""Algorithms that the wheel specification lets RECORD use: sha256 or better."""

# A row as nearly all are, read in half the time.
_PLAIN_ROW = re.compile(r'^([^,"\r\n]+),(?:sha256=([A-Za-z0-9_-]{43}))?,([0-9]{0,18})$', re.MULTILINE)
_SIZE = re.compile(r"[0-9]{0,18}")
_HEX, _HEX_LENGTHS = re.compile(r"[0-9a-fA-F]+"), frozenset({64, 96, 128})


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
    lines = text.replace("\r\n", "\n")
    plain = _PLAIN_ROW.findall(lines)
    rows = {path: Row("sha256" if digest else "", digest, int(size) if size else None) for path, digest, size in plain}
    is_plain = len(rows) == lines.count("\n") + (not lines.endswith("\n"))
    return rows if is_plain else parse_each(text, where=where)


def parse_each(text: str, *, where: str) -> dict[str, Row]:
    """:func:`parse_record` for rows of any form, one after the other."""
    rows: dict[str, Row] = {}
    for number, cells in enumerate(_split(text, where), 1):
        if not cells:
            continue
        if len(cells) != 3:
            raise RecordMalformed(member=where, expected=f"three fields in row {number}", found=len(cells))
        path, checksum, size = cells
        algorithm, _, digest = checksum.partition("=")
        if not _SIZE.fullmatch(size) or (checksum and not digest):
            raise RecordMalformed(
                member=where, expected=f"a hash and a size in row {number}", found=",".join(cells)[:200]
            )
        row = Row(algorithm.lower(), _base64_of(digest), int(size) if size else None)
        if rows.setdefault(path, row) != row:
            raise RecordMalformed(member=where, expected="one row for each path", found=f"two for `{path}`")
    return rows


def _base64_of(digest: str) -> str:
    if len(digest) in _HEX_LENGTHS and _HEX.fullmatch(digest):
        # gmsh and others write hexadecimal; no installer used to look.
        return urlsafe_b64encode(bytes.fromhex(digest)).rstrip(b"=").decode()
    return digest.rstrip("=")


def _split(text: str, where: str) -> Iterable[list[str]]:
    if '"' not in text:
        # No quotes: plain cuts, several times as fast as the csv module.
        return [line.split(",") for line in text.replace("\r\n", "\n").split("\n") if line]
    import csv

    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise RecordMalformed(member=where, expected="comma-separated values", found=error) from None
