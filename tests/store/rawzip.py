"""A ZIP writer that does what it is told, right or wrong, field by field."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

REGULAR = 0o100644


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One member; fields left ``None`` are right.

    :ivar local: overrides of the local header alone: ``name flags method crc packed size extra``.
    :ivar behind: bytes written behind the data, such as a data descriptor or a gap.
    :ivar at: offset that the directory claims.
    """

    name: bytes
    data: bytes = b""
    method: int = 0
    flags: int = 0
    mode: int = REGULAR
    crc: int | None = None
    size: int | None = None
    packed_data: bytes | None = None
    extra: bytes = b""
    local: Mapping[str, object] = field(default_factory=dict)
    behind: bytes = b""
    at: int | None = None

    @property
    def packed(self) -> bytes:
        if self.packed_data is not None:
            return self.packed_data
        return deflate(self.data) if self.method == 8 else self.data


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def archive(
    members: Sequence[Raw], *, prefix: bytes = b"", before_directory: bytes = b"", count: int | None = None
) -> bytes:
    """The archive without its end record, and the end record: joined by :func:`finish`."""
    body, directory = prefix, b""
    for member in members:
        facts: dict[str, object] = {
            "name": member.name,
            "flags": member.flags,
            "method": member.method,
            "crc": zlib.crc32(member.data) if member.crc is None else member.crc,
            "packed": len(member.packed),
            "size": len(member.data) if member.size is None else member.size,
            "extra": member.extra,
        }
        offset = len(body) if member.at is None else member.at
        body += _local({**facts, **member.local}) + member.packed + member.behind
        directory += _central(facts, mode=member.mode, offset=offset)
    body += before_directory
    return body + directory + end_record(len(members) if count is None else count, len(directory), len(body))


def end_record(count: int, size: int, offset: int, *, comment: bytes = b"") -> bytes:
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, offset, len(comment)) + comment


def _local(f: Mapping[str, object]) -> bytes:
    name, extra = f["name"], f["extra"]
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    numbers = (20, f["flags"], f["method"], 0, 33, f["crc"], f["packed"], f["size"], len(name), len(extra))
    return struct.pack("<4s5H3L2H", b"PK\3\4", *numbers) + name + extra


def _central(f: Mapping[str, object], *, mode: int, offset: int) -> bytes:
    name, extra = f["name"], f["extra"]
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    head = (20 | 3 << 8, 20, f["flags"], f["method"], 0, 33, f["crc"], f["packed"], f["size"])
    return (
        struct.pack("<4s6H3L5H2L", b"PK\1\2", *head, len(name), len(extra), 0, 0, 0, mode << 16, offset) + name + extra
    )


def digest(data: bytes, algorithm: str = "sha256") -> str:
    raw = hashlib.new(algorithm, data).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"


def wheel_members(
    *more: Raw,
    name: str = "evil",
    version: str = "1.0",
    info: str = "evil-1.0.dist-info",
    metadata: str | None = None,
    wheel: str | None = None,
    record: str | None = None,
    rows: str = "",
) -> list[Raw]:
    """A right wheel of *name* with *more* members, all of them in RECORD, so that nothing but *more* is wrong.

    :param record: the whole text of RECORD; *rows* is appended to the right one.
    """
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" if metadata is None else metadata
    wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n" if wheel is None else wheel
    members = [Raw(name=b"evil/__init__.py", data=b"x = 1\n", method=8), *more]
    members += [Raw(name=f"{info}/METADATA".encode(), data=metadata.encode())] if metadata else []
    members += [Raw(name=f"{info}/WHEEL".encode(), data=wheel.encode())] if wheel else []
    if record is None:
        lines = [
            f'"{m.name.decode("utf-8", "replace")}",{digest(m.data)},{len(m.data)}'
            for m in members
            if not m.name.endswith(b"/")
        ]
        record = "\n".join([*lines, f"{info}/RECORD,,", ""]) + rows
    return [*members, Raw(name=f"{info}/RECORD".encode(), data=record.encode("utf-8", "surrogateescape"))]
