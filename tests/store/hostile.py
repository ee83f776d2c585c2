"""Wheels that must be refused: title -> (bytes of the file, code of the refusal)."""

from __future__ import annotations

import stat
import struct
import zlib

from tests.store.rawzip import Raw, archive, deflate, digest, end_record, wheel_members

GOOD = archive(wheel_members())
_FILE = b"payload\n" * 100


def _with(*members: Raw, **changes: str) -> bytes:
    return archive(wheel_members(*members, **changes))


def _named(name: bytes, **fields: object) -> bytes:
    return _with(Raw(name=name, data=_FILE, **fields))  # type: ignore[arg-type]


def _local(**wrong: object) -> bytes:
    return _with(Raw(name=b"evil/a.py", data=_FILE, method=8, local=wrong))


def _named_entry(name: str) -> bytes:
    """A wheel that declares the command *name*."""
    text = f"[console_scripts]\n{name} = evil:main\n"
    return _with(Raw(name=b"evil-1.0.dist-info/entry_points.txt", data=text.encode()))


def _plain_row(name: str, row: str) -> bytes:
    """A wheel whose RECORD says *row* of an added file *name*."""
    right = wheel_members()[-1].data.decode()
    return _with(Raw(name=name.encode(), data=_FILE), record=right + row + "\n")


def _sized64(data: bytes, *, classic_start: int) -> bytes:
    """*data* with a ZIP64 end record beside a classic one that claims another start of the directory."""
    body, end = data[:-22], data[-22:]
    _, _, _, _, count, size, start, _ = struct.unpack("<4s4H2LH", end)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(body), 1)
    return body + wide + locator + end_record(count, size, classic_start)


def _unicode_path(name: bytes) -> bytes:
    field = struct.pack("<BL", 1, zlib.crc32(b"evil/a.py")) + name
    return struct.pack("<2H", 0x7075, len(field)) + field


_tail = end_record(0, 0, 0)
_bomb = b"\0" * 5_000_000

NO_SINGLE_READING = {
    "an empty file": (b"", "not-an-archive"),
    "an error page": (b"<html><body>502 Bad Gateway</body></html>" * 100, "not-an-archive"),
    "a wheel cut off": (GOOD[:-10], "not-an-archive"),
    "only an end record": (end_record(0, 0, 0), "dist-info-missing"),
    "an end record that points behind the file": (GOOD[:-22] + end_record(4, 300, 1 << 30), "not-an-archive"),
    "a directory with fewer entries than announced": (archive(wheel_members(), count=9), "not-an-archive"),
    "a directory with more entries than announced": (archive(wheel_members(), count=2), "not-an-archive"),
    "a ZIP64 locator that points nowhere": (
        GOOD[:-22] + struct.pack("<4sLQL", b"PK\6\7", 0, 7, 1) + GOOD[-22:],
        "not-an-archive",
    ),
    "data after the end": (GOOD + b"#!/bin/sh\n", "trailing-data"),
    "a second end record": (GOOD + _tail, "several-end-records"),
    "an end record inside the comment": (
        GOOD[:-2] + struct.pack("<H", len(_tail)) + _tail,
        "several-end-records",
    ),
    "two archives in one file": (GOOD + archive(wheel_members(Raw(name=b"evil/b.py"))), "hidden-data"),
    "two end records that name different directories": (_sized64(GOOD, classic_start=1), "several-end-records"),
    "a program before the archive": (b"#!/bin/sh\nexit\n" + GOOD, "hidden-data"),
    "a program before the first member": (archive(wheel_members(), prefix=b"#!/bin/sh\n"), "hidden-data"),
    "data between two members": (_named(b"evil/a.py", behind=b"hidden"), "hidden-data"),
    "data before the directory": (archive(wheel_members(), before_directory=b"hidden"), "hidden-data"),
    "two members in one place": (_with(Raw(name=b"evil/a.py", data=b"", at=0)), "overlapping-members"),
    "a member inside another": (
        _with(Raw(name=b"evil/a.py", data=_FILE), Raw(name=b"evil/b.py", data=b"", at=90)),
        "overlapping-members",
    ),
}

HEADERS = {
    "another name beside the data": (_local(name=b"evil/b.py"), "headers-disagree"),
    "a traversal beside the data": (_local(name=b"../evil.py"), "headers-disagree"),
    "another size beside the data": (_local(size=1), "headers-disagree"),
    "another packed size beside the data": (_local(packed=3), "headers-disagree"),
    "another checksum beside the data": (_local(crc=1), "headers-disagree"),
    "another compression beside the data": (_local(method=0), "headers-disagree"),
    "encryption beside the data only": (_local(flags=1), "headers-disagree"),
    "no header where the directory points": (_named(b"evil/a.py", at=1 << 20), "hidden-data"),
    "a second name for readers of Unicode extras": (
        _named(b"evil/a.py", extra=_unicode_path(b"../evil.py")),
        "headers-disagree",
    ),
    "stored data of another size": (_named(b"evil/a.py", size=5), "headers-disagree"),
    "a wrong data descriptor": (_named(b"evil/a.py", flags=8, behind=b"PK\7\x08" + b"\1" * 12), "headers-disagree"),
    "a ZIP64 field without numbers": (
        _named(b"evil/a.py", size=0xFFFFFFFF, extra=struct.pack("<2H", 1, 0)),
        "not-an-archive",
    ),
    "an extra field that is cut off": (_named(b"evil/a.py", extra=struct.pack("<2H", 1, 99)), "not-an-archive"),
    "an encrypted member": (_named(b"evil/a.py", flags=1), "member-encrypted"),
    "strong encryption": (_named(b"evil/a.py", flags=0x41), "member-encrypted"),
    "bzip2": (_named(b"evil/a.py", method=12, packed_data=b"BZh9"), "compression-unknown"),
    "deflate64": (_named(b"evil/a.py", method=9, packed_data=b"\3\0"), "compression-unknown"),
}

PATHS = {
    "a path from the root": (_named(b"/etc/evil"), "path-absolute"),
    "a path on a drive": (_named(b"C:/evil.py"), "path-absolute"),
    "a relative path on a drive": (_named(b"C:evil.py"), "path-absolute"),
    "a network path": (_named(b"//server/share/evil.py"), "path-absolute"),
    "a path upwards": (_named(b"../evil.py"), "path-traversal"),
    "a path upwards in the middle": (_named(b"evil/../../evil.py"), "path-traversal"),
    "a path into a sibling with the same prefix": (_named(b"../tree-evil/x.py"), "path-traversal"),
    "a folder upwards": (_with(Raw(name=b"evil/../", mode=0o40755)), "path-traversal"),
    "a path to here": (_named(b"./evil/a.py"), "path-traversal"),
    "an empty part": (_named(b"evil//a.py"), "path-traversal"),
    "no name": (_named(b""), "path-traversal"),
    "a backslash": (_named(b"evil\\a.py"), "path-backslash"),
    "a backslash upwards": (_named(b"..\\evil.py"), "path-backslash"),
    "a NUL": (_named(b"evil/a.py\0.txt"), "path-control-character"),
    "a newline": (_named(b"evil/a\n.py"), "path-control-character"),
    "a tab": (_named(b"evil/a\t.py"), "path-control-character"),
    "bytes that are no UTF-8": (_named(b"evil/\xff\xfe.py", flags=0x800), "path-encoding"),
    "the same path twice": (
        _with(Raw(name=b"evil/a.py", data=_FILE), Raw(name=b"evil/a.py", data=_FILE)),
        "path-duplicate",
    ),
    "paths that differ in case": (
        _with(Raw(name=b"evil/a.py", data=_FILE), Raw(name=b"evil/A.PY", data=_FILE)),
        "path-duplicate",
    ),
    "paths that differ in Unicode form": (
        _with(
            Raw(name="evil/\u00e9.py".encode(), data=_FILE, flags=0x800),
            Raw(name="evil/e\u0301.py".encode(), data=_FILE, flags=0x800),
        ),
        "path-duplicate",
    ),
    "the same folder twice": (
        _with(Raw(name=b"evil/d/", mode=0o40755), Raw(name=b"evil/d/", mode=0o40755)),
        "path-duplicate",
    ),
    "a name longer than file systems allow": (_named(b"evil/" + b"a" * 256), "path-too-long"),
    "a path longer than file systems allow": (_named(b"evil/" * 250 + b"a"), "path-too-long"),
    "a file where a folder is needed": (
        _with(Raw(name=b"evil/a", data=_FILE), Raw(name=b"evil/a/b.py", data=_FILE)),
        "path-conflict",
    ),
    "a file where a folder of other case is needed": (
        _with(Raw(name=b"evil/a/b.py", data=_FILE), Raw(name=b"EVIL/A", data=_FILE)),
        "path-conflict",
    ),
    "a folder with content": (_with(Raw(name=b"evil/d/", data=_FILE, mode=0o40755)), "path-conflict"),
    "a symbolic link": (_with(Raw(name=b"evil/l", data=b"/etc", mode=stat.S_IFLNK | 0o777)), "special-file"),
    "a symbolic link that names a folder": (_with(Raw(name=b"evil/l/", mode=stat.S_IFLNK | 0o777)), "special-file"),
    "a device": (_with(Raw(name=b"evil/d", mode=stat.S_IFCHR | 0o666)), "special-file"),
    "a pipe": (_with(Raw(name=b"evil/p", mode=stat.S_IFIFO | 0o666)), "special-file"),
    "a folder that is listed as a file": (_with(Raw(name=b"evil/d", mode=0o40755)), "special-file"),
}

CONTENT = {
    "a bomb that declares ten bytes": (
        _with(Raw(name=b"evil/a", data=_bomb[:10], method=8, packed_data=deflate(_bomb))),
        "size-beyond-declared",
    ),
    "a bomb in METADATA": (
        archive(
            [
                Raw(name=m.name, data=m.data[:5], method=8, packed_data=deflate(_bomb))
                if m.name.endswith(b"METADATA")
                else m
                for m in wheel_members()
            ]
        ),
        "size-beyond-declared",
    ),
    "less data than declared": (
        _with(Raw(name=b"evil/a", data=_FILE, method=8, packed_data=deflate(_FILE[:-1]))),
        "member-damaged",
    ),
    "no deflate stream": (
        _with(Raw(name=b"evil/a", data=_FILE, method=8, packed_data=b"\xff" * 40)),
        "member-damaged",
    ),
    "a deflate stream without end": (
        _with(Raw(name=b"evil/a", data=_FILE, method=8, packed_data=deflate(_FILE)[:-3])),
        "member-damaged",
    ),
    "data behind the deflate stream": (
        _with(Raw(name=b"evil/a", data=_FILE, method=8, packed_data=deflate(_FILE) + b"hidden")),
        "member-damaged",
    ),
    "no packed data at all": (_with(Raw(name=b"evil/a", data=b"", method=8, packed_data=b"")), "member-damaged"),
    "a wrong checksum in both headers": (_named(b"evil/a", crc=1), "member-damaged"),
}

IDENTITY = {
    "no dist-info": (archive([Raw(name=b"evil/__init__.py")]), "dist-info-missing"),
    "a dist-info that is a file": (archive([Raw(name=b"evil-1.0.dist-info")]), "dist-info-missing"),
    "two dist-infos": (_named(b"other-1.0.dist-info/METADATA"), "dist-info-ambiguous"),
    "the dist-info of another project": (_with(info="good-1.0.dist-info"), "name-mismatch"),
    "the dist-info of another version": (_with(info="evil-2.0.dist-info"), "version-mismatch"),
    "the metadata of another project": (_with(name="good"), "name-mismatch"),
    "the metadata of another version": (_with(version="1.0.1"), "version-mismatch"),
    "the metadata of another build": (_with(version="1.0+cpu"), "version-mismatch"),
    "a version that is none": (_with(version="latest"), "version-mismatch"),
    "metadata without a name": (_with(metadata="Metadata-Version: 2.1\nVersion: 1.0\n"), "metadata-missing"),
    "a name in the description only": (
        _with(metadata="Metadata-Version: 2.1\nVersion: 1.0\n\nName: evil\n"),
        "metadata-missing",
    ),
    "no METADATA": (_with(metadata=""), "metadata-missing"),
    "no WHEEL": (_with(wheel=""), "metadata-missing"),
    "WHEEL without its version": (_with(wheel="Root-Is-Purelib: true\n"), "metadata-missing"),
    "a version of WHEEL that is none": (_with(wheel="Wheel-Version: one\n"), "metadata-missing"),
    "a newer wheel format": (_with(wheel="Wheel-Version: 2.0\n"), "wheel-version-unsupported"),
    "an unknown scheme": (_named(b"evil-1.0.data/sbin/evil"), "data-scheme-unknown"),
    "a file instead of a scheme": (_named(b"evil-1.0.data/scripts"), "data-scheme-unknown"),
}

_RESERVED = ("python", "python3", "python3.11", "Python.exe", "pythonw", "activate", "Activate.ps1", "pyvenv.cfg")
SCRIPTS = {
    **{f"a command called {name!r}": (_named_entry(name), "script-reserved") for name in _RESERVED},
    **{
        f"a command that goes to {name!r}": (_named_entry(name), "script-name-unsafe")
        for name in ("../evil", "..", "/etc/cron.d/evil", "C:evil", "a\\b")
    },
    "a script called python": (_named(b"evil-1.0.data/scripts/python", mode=0o100755), "script-reserved"),
    "a script called PYTHON3.EXE": (_named(b"evil-1.0.data/scripts/PYTHON3.EXE"), "script-reserved"),
    "a script that enters the environment": (_named(b"evil-1.0.data/scripts/activate"), "script-reserved"),
    "a script in a folder": (_named(b"evil-1.0.data/scripts/sub/evil"), "script-name-unsafe"),
}

RECORDS = {
    "no RECORD": (archive(wheel_members()[:-1]), "record-missing"),
    "an empty RECORD": (_with(record=""), "record-incomplete"),
    "a file without row": (_plain_row("evil/a.py", ""), "record-incomplete"),
    "a file without hash": (_plain_row("evil/a.py", "evil/a.py,,"), "record-incomplete"),
    "a row without file": (_with(rows=f"evil/gone.py,{digest(b'')},0\n"), "record-incomplete"),
    "a row that points elsewhere": (_with(rows=f"../../etc/passwd,{digest(b'')},0\n"), "record-incomplete"),
    "a weak hash": (
        _plain_row("evil/a.py", f"evil/a.py,{digest(_FILE, 'md5')},{len(_FILE)}"),
        "record-hash-unsupported",
    ),
    "an unknown hash": (_plain_row("evil/a.py", "evil/a.py,crc32=00,800"), "record-hash-unsupported"),
    "a false hash": (_plain_row("evil/a.py", f"evil/a.py,{digest(b'')},{len(_FILE)}"), "record-mismatch"),
    "a false strong hash": (
        _plain_row("evil/a.py", f"evil/a.py,{digest(b'', 'sha512')},{len(_FILE)}"),
        "record-mismatch",
    ),
    "a false size": (_plain_row("evil/a.py", f"evil/a.py,{digest(_FILE)},1"), "record-mismatch"),
    "two rows that differ": (_with(rows=f"evil/__init__.py,{digest(b'')},6\n"), "record-malformed"),
    "a row with two fields": (_with(rows="evil/a.py,sha256=x\n"), "record-malformed"),
    "a size that is no number": (_with(rows=f"evil/a.py,{digest(b'')},many\n"), "record-malformed"),
    "a size of five thousand digits": (_with(rows=f"evil/a.py,{digest(b'')},{'9' * 5000}\n"), "record-malformed"),
    "a field that never ends": (_with(rows='evil/a.py,"' + "x" * 200_000 + "\n"), "record-malformed"),
    "a negative size": (_with(rows=f"evil/a.py,{digest(b'')},-1\n"), "record-malformed"),
    "a hash without value": (_with(rows="evil/a.py,sha256,1\n"), "record-malformed"),
    "a RECORD that is no UTF-8": (_with(rows="\udcff\n"), "record-malformed"),
}

HOSTILE = {**NO_SINGLE_READING, **HEADERS, **PATHS, **CONTENT, **IDENTITY, **SCRIPTS, **RECORDS}
