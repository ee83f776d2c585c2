"""Locked packages as requirements files that pip and uv install: values -> text."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from accelinstall.model.lock import LockedPackage
from accelinstall.model.origin import direct_url_of
from accelinstall.project.sources import without_secret
from accelinstall.values import dataclass

MARK = "# Written by accelinstall"
"""How every exported file begins: one that begins otherwise is somebody's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """Where packages come from, as lines of a requirements file.

    :ivar default: the simple API that stands for PyPI; whoever installs has it configured already.
    :ivar is_switched_off: the project asks its own sources only.
    :ivar find_links: folders and pages of the project.
    """

    default: str
    is_switched_off: bool = False
    find_links: tuple[str, ...] = ()


def render_requirements(
    packages: Sequence[LockedPackage],
    *,
    notes: Sequence[str],
    indexes: Indexes | None,
    hashes: bool = True,
    directory: str = "",
) -> str:
    """The file's text: the same packages give the same bytes.

    :param notes: what the head says behind the mark, one a line.
    :param indexes: ``None`` to name none.
    :param hashes: of every file; left out of the whole file where one package has none, as pip demands all or none.
    :param directory: absolute folder of the project, which folders are named from.
    """
    lines = [f"{MARK}; do not edit", *(f"# {note}" for note in notes)]
    lines += _index_lines(packages, indexes) if indexes else ()
    hashed = hashes and can_be_hashed(packages)
    for package in sorted(packages, key=lambda item: item.name):
        line = requirement_line(package, directory=directory)
        lines.append(f"{line} \\\n    --hash=sha256:{package.sha256}" if hashed else line)
    return "\n".join(lines) + "\n"


def render_constraints(packages: Sequence[LockedPackage], *, notes: Sequence[str]) -> str:
    """Bounds for what else is installed: names and versions; folders and commits have none to hold to."""
    lines = [f"{MARK}; do not edit", *(f"# {note}" for note in notes)]
    pinned = [package for package in packages if package.origin is None or package.origin.kind == "sdist"]
    lines += [f"{package.name}=={package.version}" for package in sorted(pinned, key=lambda item: item.name)]
    return "\n".join(lines) + "\n"


def can_be_hashed(packages: Sequence[LockedPackage]) -> bool:
    """Whether pip can hold every file to a hash: a folder or a commit has none."""
    return all(package.sha256 and (package.origin is None or package.origin.kind == "sdist") for package in packages)


def requirement_line(package: LockedPackage, *, directory: str = "") -> str:
    """``torch==2.13.0+cpu``, or the address or folder of a package that was named by it."""
    origin = package.origin
    if origin is not None and origin.kind == "directory":
        folder = relative(origin.folder, directory)
        return f"-e {folder}" if origin.editable else f"{folder}"
    if origin is not None and origin.kind == "vcs":
        fragment = f"#subdirectory={origin.subdirectory}" if origin.subdirectory else ""
        return f"{package.name} @ git+{without_secret(origin.url)[0]}@{origin.commit}{fragment}"
    if package.direct:
        fragment = f"#subdirectory={origin.subdirectory}" if origin is not None and origin.subdirectory else ""
        return f"{package.name} @ {direct_url_of(package)['url']}{fragment}"
    return f"{package.name}=={package.version}"


def relative(folder: str, directory: str) -> str:
    """*folder* from *directory*, with a ``./`` that tells it from a name; absolute where there is no way."""
    folder, directory = folder.replace("\\", "/"), directory.replace("\\", "/")
    if not directory or folder[:1] != directory[:1]:
        return folder
    way = posixpath.relpath(folder, directory)
    return way if way.startswith(".") else f"./{way}"


def _index_lines(packages: Sequence[LockedPackage], indexes: Indexes) -> Iterator[str]:
    named = dict.fromkeys(without_secret(package.source)[0] for package in packages if package.source)
    default = without_secret(indexes.default)[0].rstrip("/")
    others = sorted(source for source in named if source.rstrip("/") != default)
    if indexes.is_switched_off and others and len(others) == len(named):
        yield f"--index-url {others.pop(0)}"
    for source in others:
        yield f"--extra-index-url {source}"
    if any(not package.source and not package.direct and package.origin is None for package in packages):
        for link in indexes.find_links:
            yield f"--find-links {without_secret(link)[0]}"
