"""Requirements that name a file, a folder or an address instead of a version."""

from __future__ import annotations

import re
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from accelinstall.project.requirement import RequirementError, canonical, masked
from accelinstall.values import dataclass

_ADDRESS = re.compile(r"(?:(?:git|hg|svn|bzr)\+)?[a-z][a-z0-9.+-]*:(?://|/)?\S", re.IGNORECASE)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz)$", re.IGNORECASE)
_EXTRAS = re.compile(r"^(?P<place>.+?)(?:\[(?P<extras>[A-Za-z0-9._, -]*)\])?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A direct reference as PEP 508 text.

    :ivar path: the file or folder as written, empty for an address.
    :ivar is_guessed: the name is that of a folder.
    """

    requirement: str
    path: str = ""
    is_guessed: bool = False


def reference_of(text: str, *, directory: str) -> Reference | None:
    """The reference that *text* is, ``None`` when it is an ordinary requirement.

    The name comes from ``#egg=``, else from the archive's file name, else from the folder's: a folder's real name is
    known only once it is built.

    :raises RequirementError: for an address whose package nothing names.
    """
    place, _, marker = text.partition(" ;") if " ;" in text else text.partition("; ")
    place = place.strip()
    suffix = f" ; {marker.strip()}" if marker.strip() else ""
    if "@" in place and re.match(r"[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*@", place) and "://" not in place.split("@")[0]:
        return None
    if _ADDRESS.match(place):
        if place.lower().startswith("file:"):
            return _of_file_address(place, suffix, directory)
        return _of_address(place, suffix)
    if _is_path(place):
        return _of_path(place, suffix, directory)
    return None


def _is_path(place: str) -> bool:
    bare = place.partition("[")[0]
    return bare in {".", ".."} or "/" in bare or "\\" in bare or bool(_ARCHIVE.search(bare))


def _of_address(place: str, suffix: str) -> Reference:
    address, fragment = place.partition("#")[::2]
    name, extras = _egg(fragment)
    if not name:
        name = name_of_archive(_path_in(address).rpartition("/")[2])
    if not name:
        raise RequirementError(f"`{masked(place)}` names no package")
    kept = "&".join(part for part in fragment.split("&") if part and not part.startswith("egg="))
    return Reference(requirement=f"{name}{extras} @ {address}{'#' + kept if kept else ''}{suffix}")


def _path_in(address: str) -> str:
    try:
        return unquote(urlsplit(address).path)
    except ValueError:
        raise RequirementError(f"`{masked(address)}` is no address") from None


def _of_file_address(place: str, suffix: str, directory: str) -> Reference:
    address, fragment = place.partition("#")[::2]
    path = _path_in(address)
    name, extras = _egg(fragment)
    return _of_place(path, name, extras, suffix, directory)


def _of_path(place: str, suffix: str, directory: str) -> Reference:
    place, fragment = place.partition("#")[::2]
    match = _EXTRAS.fullmatch(place)
    assert match is not None, "the pattern takes any text"
    name, extras = _egg(fragment)
    path = match["place"]
    extras = extras or (f"[{match['extras']}]" if match["extras"] else "")
    return _of_place(path, name, extras, suffix, directory)


def _of_place(path: str, name: str, extras: str, suffix: str, directory: str) -> Reference:
    is_guessed = not name and not name_of_archive(PurePath(path.replace("\\", "/")).name)
    name = name or _name_of_path(path, directory)
    return Reference(requirement=f"{name}{extras}{suffix}", path=path, is_guessed=is_guessed)


def name_of_archive(filename: str) -> str:
    """The distribution that a wheel or source archive is named after; empty when it is no archive."""
    if not _ARCHIVE.search(filename):
        return ""
    stem = _ARCHIVE.sub("", filename)
    if filename.lower().endswith(".whl"):
        return stem.partition("-")[0].replace("_", "-")
    return re.split(r"-(?=\d)", stem, maxsplit=1)[0]


def _name_of_path(path: str, directory: str) -> str:
    pure = PurePath(directory) / path.replace("\\", "/")
    parts: list[str] = []
    for part in pure.parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    last = parts[-1] if parts else ""
    name = name_of_archive(last) or canonical(re.sub(r"[^A-Za-z0-9._-]+", "-", last)).strip("-")
    if not name:
        raise RequirementError(f"`{path}` names no package")
    return name


def _egg(fragment: str) -> tuple[str, str]:
    match = re.search(r"(?:^|&)egg=([A-Za-z0-9._-]+)(\[[^\]]*\])?", fragment)
    return (match[1], match[2] or "") if match else ("", "")
