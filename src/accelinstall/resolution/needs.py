"""The two values the search moves: what is needed, and what could be taken."""

from __future__ import annotations

from packaging.version import Version

from accelinstall.model.index import IndexFile
from accelinstall.resolution.places import Place, same_label
from accelinstall.resolution.standards import Range
from accelinstall.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Need:
    """One requirement on one identifier (``name`` or ``name[extra]``), with its marker already decided.

    :ivar label: the local-version label candidates must carry; empty = any.
    :ivar url: the wheel, archive, folder or commit that is meant, named directly; empty = any.
    :ivar editable: the folder is to be installed so that it stays what is imported.
    :ivar pin: for the base of an extra: the very candidate the extra was taken from.
    :ivar pinned_by: the extra that asks for ``pin``.
    :ivar blocked: why its parent cannot be used at all; such a need is met by nothing.
    :ivar text: the requirement as it was written.
    :ivar where: ``pyproject.toml:12`` when the project asks, else empty.
    :ivar identifier: ``name`` or ``name[extra]``: what the search keeps requirements together by.
    """

    name: str
    range: Range
    extra: str = ""
    label: str = ""
    url: str = ""
    editable: bool = False
    prereleases: bool = False
    pin: Pin | None = None
    pinned_by: str = ""
    blocked: str = ""
    text: str = ""
    where: str = ""
    identifier: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identifier", f"{self.name}[{self.extra}]" if self.extra else self.name)

    @property
    def key(self) -> tuple[str, ...]:
        """Sorts equal wishes together, whatever order they were given in."""
        return (self.name, self.extra, self.text, self.label, self.url, self.where)

    def allows(self, version: Version) -> bool:
        """Whether *version* meets range and label; cost: a dictionary look-up."""
        return self.range.contains(version) and (not self.label or same_label(version.local or "", self.label))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pin:
    """One version of one package, as the very file that would be installed; equal only to itself.

    :ivar extra: for ``name[extra]``: stands for the extra's requirements on top of the base.
    :ivar identifier: ``name`` or ``name[extra]``: what the search keeps candidates together by.
    """

    name: str
    version: Version
    file: IndexFile
    place: Place | None = None
    extra: str = ""
    yanked: str | None = None
    identifier: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identifier", f"{self.name}[{self.extra}]" if self.extra else self.name)

    def __str__(self) -> str:
        return f"{self.identifier} {self.version}"
