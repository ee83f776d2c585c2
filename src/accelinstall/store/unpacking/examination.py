"""Everything a wheel must not do, judged before a byte of it is written."""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

from accelinstall.model.commands import is_plain_name, is_reserved_name, parse_entry_points
from accelinstall.model.lock import LockedPackage
from accelinstall.store.unpacking import refusals
from accelinstall.store.unpacking.archive import Member
from accelinstall.store.unpacking.record import ACCEPTED, Row, parse_record
from accelinstall.values import dataclass

SCHEMES = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
# Signatures of RECORD cannot be recorded in it.
_UNRECORDED = ("RECORD", "RECORD.jws", "RECORD.p7s")
# Control characters, backslash, a root, a drive, and parts that are empty, `.` or `..`.
_BAD_PATH = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:|(?:^|/)\.{0,2}(?:/|$)")
_LARGEST_TEXT = 64 << 20
# Bytes; a name of 64 characters cannot have more than 256.
_LONGEST_NAME, _LONGEST_PATH = 63, 1024
# Characters; of ASCII no name in so long a path is too long.
_LONGEST_ASCII = 255
# What every bad path has in it, and some good ones too, when paths stand on lines of their own.
_SUSPICIOUS = ("\\", ":", "//", "/.", "/\n", "\n/", "\n.", "\n\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A wheel that may be unpacked.

    :ivar files: members to write, in archive order, without folders and without RECORD.
    :ivar record: path -> row; every file outside the dist-info folder has one with an accepted hash.
    """

    name: str
    version: str
    dist_info: str
    purelib: bool
    files: tuple[Member, ...]
    record: Mapping[str, Row]
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes that unpacking writes."""
        return sum(member.size for member in self.files)


def examine(members: Iterable[Member], *, package: LockedPackage, text: Callable[[Member], bytes]) -> Examination:
    """What may be unpacked of the wheel that was locked as *package*.

    :param text: gives the content of a member, checked against its size and checksum; asked for three of them.
    :raises WheelRefused: the first reason found.
    """
    files = judge_paths(members)
    by_path = {member.path: member for member in files}
    dist_info = _find_dist_info(files)

    def read(name: str) -> bytes:
        member = by_path.get(f"{dist_info}/{name}")
        if member is None or member.size > _LARGEST_TEXT:
            kind = refusals.RecordMissing if name == "RECORD" else refusals.MetadataMissing
            raise kind(member="" if name == "RECORD" else f"{dist_info}/{name}")
        return text(member)

    wheel = _fields(read("WHEEL"))
    metadata = _fields(read("METADATA"))
    warnings = [*_judge_wheel_version(wheel, dist_info)]
    _judge_identity(package, dist_info, metadata)
    _judge_schemes(files, dist_info)
    if f"{dist_info}/entry_points.txt" in by_path:
        _judge_commands(read("entry_points.txt"), dist_info)
    record = parse_record(read("RECORD"), where=f"{dist_info}/RECORD")
    warnings += _judge_record(files, record, dist_info)
    return Examination(
        name=package.name,
        version=metadata["version"],
        dist_info=dist_info,
        purelib=wheel.get("root-is-purelib", "").lower() == "true",
        files=tuple(member for member in files if member.path != f"{dist_info}/RECORD"),
        record=record,
        warnings=tuple(warnings),
    )


def judge_paths(members: Iterable[Member]) -> list[Member]:
    """The files among *members*, once every path is known to stay inside, to be alone, and to be a plain file.

    :raises WheelRefused: the first path that is not.
    """
    listed = list(members)
    return listed if are_plain(listed) else judge_each(listed)


def are_plain(members: Sequence[Member]) -> bool:
    """Whether *members* are files that are found in order as a whole, in an eighth of the time of :func:`judge_each`.

    Nothing is said by a no: a hidden file or a name that is not ASCII is enough for it.
    """
    text = "\n".join([member.path for member in members])
    # Every path stands between two line ends; one that holds another makes the lines too many.
    lines = f"\n{text}\n"
    if not text.isascii() or not text.replace("\n", "").isprintable() or any(sign in lines for sign in _SUSPICIOUS):
        return False
    paths = text.lower().split("\n")
    if {stat.S_IFMT(mode) for mode in {member.mode for member in members}} != {stat.S_IFREG}:
        return False
    alone = set(paths)
    if len(alone) != len(members) or len(paths) != len(members) or len(max(paths, key=len)) > _LONGEST_ASCII:
        return False
    folders: set[str] = set()
    for folder in {path.rpartition("/")[0] for path in paths}:
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return alone.isdisjoint(folders)


def judge_each(members: Iterable[Member]) -> list[Member]:
    """:func:`judge_paths`, one after the other."""
    files: list[Member] = []
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for member in members:
        is_folder = member.path.endswith("/")
        path = member.path[:-1] if is_folder else member.path
        if _BAD_PATH.search(path):
            raise _path_refusal(member.path, path)
        if len(path) > _LONGEST_NAME and _is_too_long(path):
            raise refusals.PathTooLong(member=f"{path[:60]}...", found=f"{len(path)} characters")
        kind = stat.S_IFMT(member.mode)
        if kind != (stat.S_IFDIR if is_folder else stat.S_IFREG):
            raise refusals.SpecialFile(member=member.path, found=f"mode {member.mode:o}")
        if is_folder and member.size:
            raise refusals.PathConflict(member=member.path)
        key = folded(path)
        # A folder may be listed and needed as well, but listed once.
        listed = f"{key}/" if is_folder else key
        if listed in seen:
            raise refusals.PathDuplicate(member=member.path, found=f"`{seen[listed]}` before it")
        seen[listed] = member.path
        parent = path if is_folder else path.rpartition("/")[0]
        while parent and parent not in folders:
            folders[parent] = member.path
            parent = parent.rpartition("/")[0]
        if not is_folder:
            files.append(member)
    for folder, needed_by in folders.items():
        if folded(folder) in seen:
            raise refusals.PathConflict(member=seen[folded(folder)], found=f"`{needed_by}`")
    return files


def folded(path: str) -> str:
    """*path* as file systems that ignore case or normalise Unicode would compare it."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _is_too_long(path: str) -> bool:
    raw = path.encode()
    return len(raw) > _LONGEST_PATH or any(len(name) > 255 for name in raw.split(b"/"))


def _path_refusal(shown: str, path: str) -> refusals.WheelRefused:
    if re.search(r"[\x00-\x1f\x7f]", path):
        return refusals.PathControlCharacter(member=shown)
    if "\\" in path:
        return refusals.PathBackslash(member=shown)
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return refusals.PathAbsolute(member=shown)
    return refusals.PathTraversal(member=shown)


def _find_dist_info(files: Iterable[Member]) -> str:
    tops = [member.path.partition("/") for member in files if ".dist-info/" in member.path]
    found = {top for top, _, rest in tops if rest and top.endswith(".dist-info")}
    if not found:
        raise refusals.DistInfoMissing
    if len(found) > 1:
        raise refusals.DistInfoAmbiguous(found=", ".join(f"`{name}`" for name in sorted(found)))
    return found.pop()


def _fields(data: bytes) -> dict[str, str]:
    """The first value of each header, keys in lower case; reads to the first empty line as RFC 822 does."""
    fields: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip():
            break
        key, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            fields.setdefault(key.strip().lower(), value.strip())
    return fields


def _judge_wheel_version(wheel: Mapping[str, str], dist_info: str) -> Iterable[str]:
    version = wheel.get("wheel-version", "")
    match = re.fullmatch(r"(\d{1,9})\.(\d{1,9})", version)
    if match is None:
        raise refusals.MetadataMissing(member=f"{dist_info}/WHEEL", expected="Wheel-Version: 1.0", found=version)
    if int(match[1]) > 1:
        raise refusals.WheelVersionUnsupported(expected="Wheel-Version 1", found=version)
    if int(match[2]) > 0:
        yield f"its Wheel-Version {version} is newer than 1.0; it was unpacked as 1.0"


def _judge_identity(package: LockedPackage, dist_info: str, metadata: Mapping[str, str]) -> None:
    for field in ("name", "version"):
        if not metadata.get(field):
            raise refusals.MetadataMissing(member=f"{dist_info}/METADATA", expected=f"a field `{field.title()}`")
    name, _, version = package.filename.removesuffix(".whl").partition("-")
    folder_name, _, folder_version = dist_info.removesuffix(".dist-info").rpartition("-")
    places = (
        (package.filename, name, version.partition("-")[0]),
        (dist_info, folder_name, folder_version),
        (f"{dist_info}/METADATA", metadata["name"], metadata["version"]),
    )
    for place, found_name, found_version in places:
        if _canonical(found_name) != _canonical(package.name):
            raise refusals.NameMismatch(member=place, expected=f"`{package.name}`", found=f"`{found_name}`")
        if not _equal_versions(found_version, package.version):
            raise refusals.VersionMismatch(member=place, expected=package.version, found=found_version)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _equal_versions(one: str, other: str) -> bool:
    if one == other:
        return True
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def _judge_schemes(files: Iterable[Member], dist_info: str) -> None:
    prefix = dist_info.removesuffix(".dist-info") + ".data/"
    for member in files:
        if member.path.startswith(prefix):
            scheme, _, rest = member.path[len(prefix) :].partition("/")
            if scheme not in SCHEMES or not rest:
                raise refusals.DataSchemeUnknown(member=member.path, expected=", ".join(sorted(SCHEMES)))
            if scheme == "scripts":
                _judge_command(rest, member.path)


def _judge_commands(text: bytes, dist_info: str) -> None:
    for _, name, _, _ in parse_entry_points(text.decode("utf-8", "replace")):
        _judge_command(name, f"{dist_info}/entry_points.txt")


def _judge_command(name: str, member: str) -> None:
    if not is_plain_name(name):
        raise refusals.ScriptNameUnsafe(member=member, expected="a plain name", found=f"`{name}`")
    if is_reserved_name(name):
        raise refusals.ScriptReserved(member=member, found=f"the command `{name}`")


def _judge_record(files: Iterable[Member], record: Mapping[str, Row], dist_info: str) -> list[str]:
    """Sentences about what RECORD gets wrong inside the dist-info folder; anything else is refused.

    Some real wheels are wrong there and nowhere else; pip and others check neither.
    """
    warnings: list[str] = []
    unrecorded = {f"{dist_info}/{name}" for name in _UNRECORDED}
    inside = f"{dist_info}/"
    present = set()
    for member in files:
        present.add(member.path)
        if member.path in unrecorded:
            continue
        refusal = _judge_row(member, record.get(member.path))
        if refusal is None:
            continue
        if not member.path.startswith(inside):
            raise refusal
        warnings.append(refusal.detail)
    for path in sorted(record.keys() - present - unrecorded):
        refusal = refusals.RecordIncomplete(member=path, expected="a file for its row", found="none")
        if not path.startswith(inside):
            raise refusal
        warnings.append(refusal.detail)
    return sorted(warnings)


def _judge_row(member: Member, row: Row | None) -> refusals.WheelRefused | None:
    if row is None or not row.algorithm:
        return refusals.RecordIncomplete(
            member=member.path, expected="a row with a hash", found="none" if row is None else "a row without one"
        )
    if row.algorithm not in ACCEPTED:
        return refusals.RecordHashUnsupported(member=member.path, expected="sha256 or better", found=row.algorithm)
    if row.size is not None and row.size != member.size:
        return refusals.RecordMismatch(member=member.path, expected=f"{row.size} bytes", found=f"{member.size} bytes")
    return None
