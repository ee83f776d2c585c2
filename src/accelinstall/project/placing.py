"""One dependency as it is to stand in the group of one environment, in Poetry's notation or in the standard's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from accelinstall.model.hardware import Environment
from accelinstall.model.project import Source, Wanted
from accelinstall.project.editing import Value
from accelinstall.project.markers import all_of
from accelinstall.project.requirement import canonical
from accelinstall.values import dataclass, field

_DARWIN = "darwin"
_PLATFORMS = {"linux": ("Linux", "posix"), "win32": ("Windows", "nt"), _DARWIN: ("Darwin", "posix")}
_VARIABLE = re.compile(r"\b(?:os_name|sys_platform|platform_\w+|python\w*|implementation_\w+|extra)\b")
_LABEL = re.compile(r"\+([A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """What to ask for so that a framework computes on an environment: ``onnxruntime-gpu`` with ``cuda`` and ``cudnn``.

    :ivar extras: all of them, sorted.
    """

    name: str
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What the group of one environment is to hold.

    :ivar source: where torch's family comes from; ``None`` for the default index.
    :ivar served: canonical names that come from there.
    :ivar label: the local label of that source's wheels; another one in a constraint is taken off.
    :ivar platforms: values of ``sys_platform`` that the group is for; empty where nothing has to be told apart.
    :ivar spellings: canonical name -> what is asked for here instead.
    """

    environment: Environment
    source: Source | None = None
    served: frozenset[str] = frozenset()
    label: str = ""
    platforms: tuple[str, ...] = ()
    spellings: Mapping[str, Spelling] = field(default_factory=dict)

    def name_of(self, dependency: Dependency) -> str:
        """What *dependency* is called in this group."""
        spelling = self.spellings.get(dependency.key)
        return spelling.name if spelling else dependency.name

    def extras_of(self, dependency: Dependency) -> tuple[str, ...]:
        """The extras it is asked with."""
        spelling = self.spellings.get(dependency.key)
        return spelling.extras if spelling else tuple(sorted(dependency.wanted.requirement.extras))

    @property
    def marker(self) -> str:
        """Holds on ``platforms`` and, of those that matter, on no others; empty for all."""
        if not self.platforms:
            return ""
        return f'sys_platform == "{_DARWIN}"' if self.platforms == (_DARWIN,) else f'sys_platform != "{_DARWIN}"'

    def is_for(self, dependency: Dependency) -> bool:
        """Whether *dependency* can be wanted on these platforms at all."""
        return not self.platforms or any(_holds(dependency, platform) for platform in self.platforms)

    def marker_for(self, dependency: Dependency) -> str:
        """What has to be added to its marker: nothing where that already leaves the other platforms out."""
        others = [platform for platform in _PLATFORMS if platform not in self.platforms]
        return self.marker if any(_holds(dependency, platform) for platform in others) else ""

    def source_of(self, dependency: Dependency) -> str:
        """The source it is bound to, empty for none."""
        if dependency.key in self.served:
            return self.source.name if self.source else ""
        return dependency.wanted.source or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One constraint of a dependency, as a project writes it.

    :ivar text: the PEP 508 text, where it says everything; ``poetry`` Poetry's version or table; empty otherwise.
    """

    wanted: Wanted
    text: str = ""
    poetry: str | Mapping[str, object] = ""

    @property
    def name(self) -> str:
        """As written."""
        return self.wanted.requirement.name

    @property
    def key(self) -> str:
        """The canonical name."""
        return canonical(self.name)


def in_poetrys_notation(dependency: Dependency, placement: Placement) -> dict[str, Value]:
    """The table of *dependency* in the group of *placement*."""
    table = _table(dependency)
    table["version"] = _relabelled(str(table.get("version", "*")), placement)
    extras = list(placement.extras_of(dependency))
    if extras != sorted(map(str, cast("list[str]", table.get("extras", [])))):
        table["extras"] = cast("Value", extras)
    if not extras:
        table.pop("extras", None)
    if marker := placement.marker_for(dependency):
        table["markers"] = all_of(str(table.get("markers", "")), marker)
    table.pop("optional", None)
    source = placement.source_of(dependency)
    table.pop("source", None)
    if source:
        table["source"] = source
    return table


def in_the_standards_notation(dependency: Dependency, placement: Placement) -> str:
    """The PEP 508 text of *dependency* in the group of *placement*; its source is told elsewhere."""
    requirement = dependency.wanted.requirement
    name, extras = placement.name_of(dependency), placement.extras_of(dependency)
    specifier = _relabelled(_specifier_text(dependency), placement)
    added = placement.marker_for(dependency)
    marker = all_of(str(requirement.marker or ""), added)
    same = (name, set(extras)) == (requirement.name, requirement.extras)
    if same and dependency.text and not added and specifier == _specifier_text(dependency):
        return dependency.text
    brackets = f"[{','.join(extras)}]" if extras else ""
    return f"{name}{brackets}{specifier}" + (f"; {marker}" if marker else "")


def _holds(dependency: Dependency, platform: str) -> bool:
    """Whether the dependency's marker may hold on *platform*; one that asks for more than the platform may."""
    marker = dependency.wanted.requirement.marker
    known = {"sys_platform", "platform_system", "os_name"}
    if marker is None or not set(_VARIABLE.findall(re.sub(r"\"[^\"]*\"|'[^']*'", "", str(marker)))) <= known:
        return True
    system, name = _PLATFORMS[platform]
    return marker.evaluate({"sys_platform": platform, "platform_system": system, "os_name": name, "extra": ""})


def _table(dependency: Dependency) -> dict[str, Value]:
    raw, wanted = dependency.poetry, dependency.wanted
    if isinstance(raw, Mapping):
        return {key: cast("Value", value) for key, value in raw.items()}
    if raw:
        return {"version": raw}
    table: dict[str, Value] = {"version": _specifier_text(dependency) or "*"}
    if wanted.requirement.extras:
        table["extras"] = cast("Value", sorted(wanted.requirement.extras))
    if wanted.requirement.marker:
        table["markers"] = str(wanted.requirement.marker)
    if wanted.prereleases:
        table["allow-prereleases"] = True
    return table


def _specifier_text(dependency: Dependency) -> str:
    """The version specifier in the order in which it was written, where the text still says it."""
    specifier = dependency.wanted.requirement.specifier
    if dependency.text:
        written = re.sub(r"^[^<>=!~(\[;]*(?:\[[^\]]*\])?", "", dependency.text.partition(";")[0]).strip(" ()")
        if written.replace(" ", "") and sorted(written.replace(" ", "").split(",")) == sorted(map(str, specifier)):
            return written
    return str(specifier)


def _relabelled(constraint: str, placement: Placement) -> str:
    """*constraint* without a local label that the placement's wheels do not have."""
    return _LABEL.sub(lambda match: match[0] if match[1].lower() == placement.label else "", constraint)
