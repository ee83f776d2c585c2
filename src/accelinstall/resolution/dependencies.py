"""From requirements as written to needs as searched: markers decided, extras split off, overrides applied."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, unquote, urldefrag, urlsplit

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from accelinstall.errors import ResolutionError
from accelinstall.model.index import CoreMetadata, IndexFile
from accelinstall.model.project import Wanted
from accelinstall.resolution.needs import Need, Pin
from accelinstall.resolution.standards import (
    Markers,
    Range,
    canonical,
    extra_of,
    marker_of,
    parse_range,
    parse_requirement,
)
from accelinstall.values import replace

# How a project that is read without being built says that a folder it needs is to be editable.
_DEVELOP = "#develop=true"
ANY = Range(parse_range("").specifiers)  # type: ignore[union-attr]


class BuildNeeded(ResolutionError):
    """A requirement names something that is not a wheel, and nobody is there to build one."""

    code = "needs-build"

    def __init__(self, *, package: str, address: str, where: str = "") -> None:
        place = f"{where}: " if where else ""
        super().__init__(
            f"{place}`{package}` is asked for as {address}, which has to be built; only wheels can be locked",
            hint=f"build a wheel of it and name that, or take `{package}` from an index",
        )
        self.package, self.address = package, address


class Dependencies:
    """Reads needs for one target.

    :param overrides: requirements that replace every other requirement on their name.
    :param directory: absolute folder that relative paths start from.
    :param builds: whether folders, archives and commits may be named too.
    """

    def __init__(
        self, markers: Markers, *, overrides: Sequence[Requirement] = (), directory: str = "", builds: bool = False
    ) -> None:
        self._markers, self._directory, self._builds = markers, directory, builds
        self._overrides: dict[str, list[Requirement]] = {}
        for requirement in overrides:
            if markers.applies(requirement):
                self._overrides.setdefault(canonical(requirement.name), []).append(requirement)
        self.overridden: dict[str, str] = {}

    def of_project(self, wanted: Iterable[Wanted]) -> tuple[Need, ...]:
        """What the project asks for on this target, in an order that does not depend on the given one.

        :raises BuildNeeded: for a folder, an archive that is no wheel, or a VCS address, when nothing may be built.
        """
        needs: list[Need] = []
        for item in wanted:
            if self._markers.applies(item.requirement):
                found = self._needs(
                    item.requirement,
                    label=item.local,
                    where=item.where,
                    url=self._path_url(item),
                    prereleases=item.prereleases,
                )
                needs += (replace(need, editable=True) if need.url and item.editable else need for need in found)
        return tuple(sorted(needs, key=lambda need: need.key))

    def of_constraints(self, requirements: Iterable[Requirement]) -> dict[str, tuple[Need, ...]]:
        """Name -> bounds that hold when something else asks for the name."""
        found: dict[str, list[Need]] = {}
        for requirement in requirements:
            if self._markers.applies(requirement):
                name = canonical(requirement.name)
                need = Need(name=name, range=_range(requirement), text=str(requirement), where="a constraint")
                found.setdefault(name, []).append(need)
        return {name: tuple(sorted(needs, key=lambda need: need.key)) for name, needs in found.items()}

    def of_pin(self, pin: Pin, metadata: CoreMetadata) -> tuple[Need, ...]:
        """What *pin* needs: its own requirements, or for ``name[extra]`` its base and what the extra adds."""
        reason = _disagreement(pin, metadata)
        if reason:
            return (blocked(pin, reason),)
        needs: list[Need] = []
        for text in metadata.requires_dist:
            alone = extra_of(text)
            if alone and alone != pin.extra:
                continue
            marker = marker_of(text)
            if marker is not None and not self._holds(marker, pin.extra):
                continue
            requirement = parse_requirement(text)
            if requirement is None:
                return (blocked(pin, f"its metadata holds `{text}`, which is not a requirement"),)
            if (requirement.url or "").startswith("file:") and pin.file.url.startswith(("https://", "http://")):
                return (blocked(pin, f"its metadata names a file of this machine: `{text}`"),)
            if self._holds(marker or requirement.marker, pin.extra):
                needs += self._needs(requirement)
        return tuple(needs)

    def _holds(self, marker: Marker | None, extra: str) -> bool:
        """Whether a requirement behind *marker* is one of the extra's own; without an extra, of the package's."""
        without = marker is None or self._markers.holds(marker)
        return not without and marker is not None and self._markers.holds(marker, extra) if extra else without

    def _needs(
        self,
        requirement: Requirement,
        *,
        label: str = "",
        where: str = "",
        url: str = "",
        prereleases: bool = False,
    ) -> Iterator[Need]:
        name = canonical(requirement.name)
        extras = set(requirement.extras)
        meant = self._overrides.get(name, [requirement])
        if meant[0] is not requirement:
            self.overridden[name] = ", ".join(str(item) for item in meant)
            label, url = "", ""
            extras = extras.union(*(item.extras for item in meant))
        for item in meant:
            address = url or self._direct_url(item, where)
            base = Need(
                name=name,
                range=_range(item),
                label=label,
                url=address.removesuffix(_DEVELOP),
                editable=address.endswith(_DEVELOP),
                prereleases=prereleases,
                text=_written(item, label),
                where=where,
            )
            yield base
            yield from (with_extra(base, canonical(extra)) for extra in sorted(extras))

    def _path_url(self, item: Wanted) -> str:
        if item.path is None:
            return ""
        if not item.path.endswith(".whl") and not self._builds:
            raise BuildNeeded(package=item.requirement.name, address=f"the path `{item.path}`", where=item.where)
        return _file_url(posixpath.join(self._directory, item.path))

    def _direct_url(self, requirement: Requirement, where: str) -> str:
        """The address *requirement* names; that of a folder always spelled alike."""
        url = requirement.url
        if not url:
            return ""
        if not urlsplit(url).path.endswith(".whl") and not self._builds:
            raise BuildNeeded(package=requirement.name, address=f"`{url}`", where=where)
        if url.startswith("file:"):
            address, fragment = urldefrag(url)
            return _file_url(unquote(urlsplit(address).path)) + (f"#{fragment}" if fragment else "")
        return url


def with_extra(base: Need, extra: str) -> Need:
    """The same wish for ``name[extra]``."""
    return Need(
        name=base.name,
        range=base.range,
        extra=extra,
        label=base.label,
        url=base.url,
        editable=base.editable,
        prereleases=base.prereleases,
        text=base.text,
        where=base.where,
    )


def base_of(pin: Pin, base: Pin) -> Need:
    """What ``name[extra]`` needs first: the very candidate it was taken from."""
    text = f"{pin.name}=={pin.version}"
    found = parse_range(f"=={pin.version}")
    return Need(name=pin.name, range=found or ANY, pin=base, pinned_by=pin.extra, text=text)


def blocked(pin: Pin, reason: str) -> Need:
    """A need nothing meets: *pin* turned out to be unusable once its metadata was read."""
    return Need(name=f"<{pin.name} {pin.version}>", range=ANY, blocked=reason, text=reason)


def direct_file(need: Need) -> IndexFile:
    """The wheel that a URL names, as an index would offer it.

    :raises BuildNeeded: when the file name is not a wheel's.
    """
    address, fragment = urldefrag(need.url)
    filename = unquote(urlsplit(address).path.rsplit("/", 1)[-1])
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise BuildNeeded(package=need.name, address=f"`{address}`", where=need.where) from error
    sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
    return IndexFile(
        filename=filename,
        url=address,
        name=name,
        version=str(version),
        source="",
        is_wheel=True,
        sha256=sha256.lower(),
    )


def _range(requirement: Requirement) -> Range:
    return parse_range(str(requirement.specifier)) or ANY


def _written(requirement: Requirement, label: str) -> str:
    """The requirement without its marker, which has been decided; with the label a Poetry constraint carried."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    address = f" @ {requirement.url.removesuffix(_DEVELOP)}" if requirement.url else ""
    return f"{requirement.name}{extras}{requirement.specifier}{address}" + (f" (+{label})" if label else "")


def _file_url(path: str) -> str:
    path = posixpath.normpath(path.replace("\\", "/"))
    # C:/x on Windows.
    return "file://" + quote(path if path.startswith("/") else f"/{path}", safe="/:")


def _disagreement(pin: Pin, metadata: CoreMetadata) -> str:
    if canonical(metadata.name) != pin.name:
        return f"its metadata is that of `{metadata.name}`"
    try:
        # Compared as versions: `2.31` and `2.31.0` are one, whoever wrote which.
        same = Version(Version(metadata.version).public) == Version(pin.version.public)
    except ValueError:
        same = False
    return "" if same else f"its metadata says version {metadata.version}"
