"""Where each file of a wheel belongs in an environment: from values to values, but for the scripts, which are read."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence

from accelinstall.installation.errors import PathRefused, PathReserved, PathTwice, StoreEntryGone
from accelinstall.installation.records import slashed
from accelinstall.installation.scripts import adapt_script, render_command
from accelinstall.model.commands import is_plain_name, is_reserved_name, parse_entry_points
from accelinstall.model.installation import Interpreter
from accelinstall.model.lock import LockedPackage
from accelinstall.model.origin import render_direct_url
from accelinstall.model.receipts import STATE_FOLDER
from accelinstall.model.store import StoredFile, StoreEntry
from accelinstall.values import dataclass, field

# Written anew for every environment, whatever the wheel brought.
_OWN_METADATA = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


Content = tuple[str, str]
"""What a file holds, as RECORD tells it: ``sha256=...`` and the size; both empty for bytecode."""


@dataclass(slots=True, kw_only=True)
class Layout:
    """The files of one wheel in one environment; targets are absolute paths.

    :ivar base: the library folder that holds the dist-info.
    :ivar links: target -> (file in the store, executable).
    :ivar fresh: target -> (content, executable): files that are never shared with the store.
    :ivar rows: target -> content, in the order RECORD lists them.
    :ivar text: the RECORD, once it is written.
    """

    package: LockedPackage
    entry: StoreEntry
    base: str
    links: dict[str, tuple[str, bool]] = field(default_factory=dict)
    fresh: dict[str, tuple[bytes, bool]] = field(default_factory=dict)
    rows: dict[str, Content] = field(default_factory=dict)
    text: str = ""

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.package.name

    @property
    def record(self) -> str:
        """Where RECORD will stand."""
        return f"{self.base}/{self.entry.dist_info}/RECORD"

    def add_fresh(self, target: str, content: bytes, *, executable: bool = False) -> None:
        """One more file with this *content*."""
        self.fresh[target] = (content, executable)
        self.rows[target] = content_of(content)

    def drop(self, target: str, instead: Content) -> None:
        """Do not bring *target*: another distribution's file stands there, with the content *instead*."""
        self.links.pop(target, None)
        self.fresh.pop(target, None)
        self.rows[target] = instead


@dataclass(frozen=True, slots=True)
class LaidOut:
    """What one change brought, and where it went."""

    layouts: Sequence[Layout]
    places: Places
    interpreter: Interpreter


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of an environment, without links in their paths."""

    schemes: dict[str, str]
    prefix: str
    reserved: frozenset[str]

    @property
    def anchors(self) -> tuple[str, ...]:
        """The fewest folders that hold all others: the prefix, and schemes outside it."""
        found = [self.prefix]
        for path in sorted(self.schemes.values()):
            if not any(is_inside(path, anchor) for anchor in found):
                found.append(path)
        return tuple(found)

    @property
    def fixed(self) -> frozenset[str]:
        """Folders that belong to the environment itself: never moved as a whole."""
        found = set()
        for path in (self.prefix, *self.schemes.values()):
            while path not in found and os.path.dirname(path) != path:
                found.add(path)
                path = os.path.dirname(path)
        return frozenset(found)


def is_inside(path: str, folder: str) -> bool:
    """Whether *path* is *folder* or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def places_of(interpreter: Interpreter) -> Places:
    """The folders of the interpreter's environment."""
    schemes = {key: slashed(os.path.realpath(path)) for key, path in interpreter.schemes.items()}
    prefix = slashed(os.path.realpath(interpreter.prefix or schemes["data"]))
    version = ".".join(interpreter.version.split(".")[:2])
    names = ["python", "python3", f"python{version}", "pythonw", f"python{version}t"]
    programs = {f"{schemes['scripts']}/{name}{suffix}" for name in names for suffix in ("", ".exe")}
    return Places(schemes, prefix, frozenset({f"{prefix}/pyvenv.cfg", *programs}))


def lay_out(package: LockedPackage, entry: StoreEntry, interpreter: Interpreter, places: Places) -> Layout:
    """Where the files of *entry* go; scripts are read and made for *interpreter*.

    :raises PathRefused: when one would go where no wheel may write.
    :raises StoreEntryGone: when a script cannot be read from the store.
    """
    layout = Layout(package=package, entry=entry, base=places.schemes["purelib" if entry.purelib else "platlib"])
    data = entry.dist_info.removesuffix(".dist-info") + ".data/"
    own = {f"{entry.dist_info}/{name}" for name in _OWN_METADATA}
    root, inside = entry.root, f"{layout.base}/"
    links, rows = layout.links, layout.rows
    for file in entry.files:
        path = file.path
        if path.startswith(data):
            _spread(layout, file, path[len(data) :], interpreter, places)
            continue
        if path in own:
            continue
        target = inside + path
        if ".." in path or target in rows:
            _place(layout, target, path)
        links[target] = (f"{root}/{path}", file.executable)
        rows[target] = (f"sha256={file.sha256}", str(file.size))
    entry_points = f"{entry.dist_info}/entry_points.txt"
    if inside + entry_points in links:
        text = _read(layout, entry_points).decode("utf-8", "replace")
        for kind, name, module, attribute in parse_entry_points(text):
            if not is_plain_name(name):
                raise _refused(layout, name, "is a script that would leave the scripts folder")
            filename, content = render_command(kind, name, module, attribute, interpreter)
            target = f"{places.schemes['scripts']}/{filename}"
            # A wheel may bring the same command as a file and as an entry point: the entry point counts.
            layout.add_fresh(target, content, executable=True)
    _refuse_reserved(layout, places)
    return layout


def _spread(layout: Layout, file: StoredFile, inner: str, interpreter: Interpreter, places: Places) -> None:
    """One file below ``.data``: the first folder of *inner* names the scheme."""
    path = file.path
    scheme, _, rest = inner.partition("/")
    if scheme not in places.schemes or not rest:
        raise _refused(layout, path, f"is for `{scheme}`, which is no part of an environment")
    folder = places.schemes[scheme]
    if scheme == "headers":
        folder = f"{folder}/{layout.entry.name}"
    target = f"{folder}/{rest}"
    _place(layout, target, path)
    if target in {f"{layout.base}/{layout.entry.dist_info}/{name}" for name in _OWN_METADATA}:
        raise _refused(layout, path, "is for installers to write")
    if scheme == "scripts":
        if not is_plain_name(rest):
            raise _refused(layout, path, "is a script that would leave the scripts folder")
        content = adapt_script(_read(layout, path), interpreter.executable)
        layout.add_fresh(target, content, executable=True)
        return
    layout.links[target] = (f"{layout.entry.root}/{path}", file.executable)
    layout.rows[target] = (f"sha256={file.sha256}", str(file.size))


def _place(layout: Layout, target: str, path: str) -> None:
    if ".." in path and ".." in path.split("/"):
        raise _refused(layout, path, "would leave the environment")
    if target in layout.rows:
        raise PathTwice(*_named(layout), path=path, target=target)


def _refuse_reserved(layout: Layout, places: Places) -> None:
    memory = f"{places.schemes['purelib']}/{STATE_FOLDER}/".casefold()
    scripts = places.schemes["scripts"]
    for target in _suspects(layout, {scripts, places.prefix, places.schemes["purelib"], *places.reserved}):
        folder, _, name = target.rpartition("/")
        if (folder in (scripts, places.prefix) and is_reserved_name(name)) or target in places.reserved:
            raise PathReserved(*_named(layout), path=target)
        if target.casefold().startswith(memory):
            raise PathReserved(*_named(layout), path=target)


def _suspects(layout: Layout, kept: Collection[str]) -> Iterable[str]:
    """The few targets that may be among what is *kept*, or in our memory: those outside the library folder, or hidden.

    All of them where something kept lies below the library folder, as nowhere does.
    """
    if any(is_inside(path, layout.base) for path in kept if path != layout.base):
        return layout.rows
    inside, hidden = f"{layout.base}/", f"{layout.base}/."
    return [target for target in layout.rows if target.startswith(hidden) or not target.startswith(inside)]


def add_metadata(layout: Layout, *, requested: bool) -> None:
    """Add what an installer says about the installation itself: INSTALLER, REQUESTED, ``direct_url.json``."""
    folder = f"{layout.base}/{layout.entry.dist_info}"
    layout.add_fresh(f"{folder}/INSTALLER", b"accelinstall")
    if requested:
        layout.add_fresh(f"{folder}/REQUESTED", b"")
    if layout.package.direct:
        layout.add_fresh(f"{folder}/direct_url.json", render_direct_url(layout.package))


def content_of(data: bytes) -> Content:
    """How RECORD describes *data*."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return (f"sha256={digest}", str(len(data)))


def python_files(layout: Layout, places: Places) -> Iterator[str]:
    """The modules among the wheel's files, which bytecode can be made for."""
    libraries = (places.schemes["purelib"] + "/", places.schemes["platlib"] + "/")
    return (target for target in layout.links if target.endswith(".py") and target.startswith(libraries))


def _read(layout: Layout, path: str) -> bytes:
    full = f"{layout.entry.root}/{path}"
    try:
        with open(full, "rb") as file:
            return file.read()
    except OSError:
        raise StoreEntryGone(layout.name, layout.package.version, path=full) from None


def _refused(layout: Layout, path: str, reason: str) -> PathRefused:
    return PathRefused(*_named(layout), path=path, reason=reason)


def _named(layout: Layout) -> tuple[str, str, str]:
    """Name, version and origin, as refusals tell them."""
    package = layout.package
    return package.name, package.version, package.url or package.path
