"""Wheels and sdists made on the spot, right by default and wrong on request."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Content = bytes | str
Rewrite = Callable[[str], str]
# One fixed moment for every member: equal inputs give equal bytes.
_WHEN = (2020, 2, 2, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A raw archive member, written as it is and not mentioned in RECORD.

    :ivar path: any text, so also ``../evil`` or a name that is there already.
    :ivar mode: POSIX mode with type bits, such as ``stat.S_IFLNK | 0o777`` for a symbolic link.
    """

    path: str
    content: Content = b""
    mode: int = stat.S_IFREG | 0o644


def make_wheel(
    directory: str | Path,
    name: str,
    version: str,
    *,
    files: Mapping[str, Content] | None = None,
    requires: Iterable[str] = (),
    requires_python: str = "",
    extras: Iterable[str] = (),
    tag: str = "py3-none-any",
    build: str = "",
    purelib: bool = True,
    entry_points: Mapping[str, Mapping[str, str]] | None = None,
    data: Mapping[str, Content] | None = None,
    executable: Collection[str] = (),
    compression: int = zipfile.ZIP_DEFLATED,
    filename: str = "",
    metadata: Rewrite | None = None,
    wheel: Rewrite | None = None,
    record: Rewrite | None = None,
    members: Sequence[Member] = (),
) -> Path:
    """The path of a wheel written into *directory* (made when missing); the same arguments give the same bytes.

    :param files: path inside the wheel -> content; one module ``<name>/__init__.py`` when ``None``.
    :param tag: compressed tag sets are expanded in WHEEL.
    :param entry_points: group -> entry name -> object, such as ``{"console_scripts": {"x": "x:main"}}``.
    :param data: path below ``<name>-<version>.data/``, such as ``scripts/run`` or ``headers/x.h``.
    :param executable: paths of *files* and *data* that carry the executable bit; ``data`` scripts always do.
    :param filename: another file name than the right one.
    :param metadata: rewrites METADATA's text before it is recorded; *wheel* likewise; *record* rewrites RECORD.
    :param members: raw members appended after RECORD.
    """
    module = re.sub(r"[-_.]+", "_", name)
    stem = f"{module}-{version}"
    if files is None:
        files = {f"{module}/__init__.py": f'__version__ = "{version}"\n'}
    contents = {**files, **{f"{stem}.data/{path}": content for path, content in (data or {}).items()}}
    text = _metadata(name, version, requires=requires, requires_python=requires_python, extras=extras)
    contents[f"{stem}.dist-info/METADATA"] = metadata(text) if metadata else text
    text = _wheel(tag, build=build, purelib=purelib)
    contents[f"{stem}.dist-info/WHEEL"] = wheel(text) if wheel else text
    if entry_points:
        contents[f"{stem}.dist-info/entry_points.txt"] = _entry_points(entry_points)
    text = _record(contents, f"{stem}.dist-info/RECORD")
    contents[f"{stem}.dist-info/RECORD"] = record(text) if record else text

    marked = {*executable, *(f"{stem}.data/{path}" for path in executable)}
    regular = [
        Member(path=path, content=content, mode=stat.S_IFREG | (0o755 if path in marked or _is_script(path) else 0o644))
        for path, content in contents.items()
    ]
    parts = [stem, build, tag] if build else [stem, tag]
    target = Path(directory) / (filename or "-".join(parts) + ".whl")
    target.parent.mkdir(parents=True, exist_ok=True)
    _write_zip(target, [*regular, *members], compression)
    return target


def _is_script(path: str) -> bool:
    return ".data/scripts/" in path


def make_sdist(
    directory: str | Path,
    name: str,
    version: str,
    *,
    files: Mapping[str, Content] | None = None,
    requires: Iterable[str] = (),
    requires_python: str = "",
    pyproject: str = "",
    metadata: Rewrite | None = None,
) -> Path:
    """The path of a ``.tar.gz`` source archive with PKG-INFO and, when given, *pyproject* as ``pyproject.toml``.

    :param metadata: rewrites PKG-INFO's text, which is of metadata version 2.1 and so not to be trusted.
    """
    import gzip

    stem = f"{re.sub(r'[-_.]+', '_', name)}-{version}"
    contents: dict[str, Content] = dict(files or {})
    text = _metadata(name, version, requires=requires, requires_python=requires_python, extras=())
    contents["PKG-INFO"] = metadata(text) if metadata else text
    if pyproject:
        contents["pyproject.toml"] = pyproject
    target = Path(directory) / f"{stem}.tar.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        open(target, "wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for path, content in contents.items():
            entry = tarfile.TarInfo(f"{stem}/{path}")
            entry.size = len(_bytes(content))
            archive.addfile(entry, io.BytesIO(_bytes(content)))
    return target


def _bytes(content: Content) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _metadata(name: str, version: str, *, requires: Iterable[str], requires_python: str, extras: Iterable[str]) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return "\n".join(lines) + "\n"


def _wheel(tag: str, *, build: str, purelib: bool) -> str:
    lines = ["Wheel-Version: 1.0", "Generator: accelinstall.testing", f"Root-Is-Purelib: {str(purelib).lower()}"]
    python, abi, platform = tag.split("-")
    lines += [f"Tag: {p}-{a}-{f}" for p in python.split(".") for a in abi.split(".") for f in platform.split(".")]
    if build:
        lines.append(f"Build: {build}")
    return "\n".join(lines) + "\n"


def _entry_points(groups: Mapping[str, Mapping[str, str]]) -> str:
    lines: list[str] = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""]
    return "\n".join(lines)


def _record(contents: Mapping[str, Content], itself: str) -> str:
    lines = []
    for path, text in contents.items():
        content = _bytes(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        quoted = f'"{path}"' if "," in path else path
        lines.append(f"{quoted},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{itself},,"]) + "\n"


def _write_zip(target: Path, members: Sequence[Member], compression: int) -> None:
    import warnings

    with zipfile.ZipFile(target, "w", compression) as archive, warnings.catch_warnings():
        # A name that is there twice is one of the wrong wheels people ask for.
        warnings.simplefilter("ignore", UserWarning)
        for member in members:
            entry = zipfile.ZipInfo(member.path, _WHEN)
            entry.create_system = 3
            entry.external_attr = member.mode << 16
            entry.compress_type = compression
            archive.writestr(entry, _bytes(member.content))
