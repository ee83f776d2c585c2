"""Where a name is looked up, and which of the wheels found there are the right build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from accelinstall.model.project import Source
from accelinstall.values import dataclass

if TYPE_CHECKING:
    from packaging.version import Version

# What pytorch, jax, paddle and their mirrors write after the `+`; any other local version names no backend.
_BACKEND_LABEL = re.compile(r"(?:cpu|xpu|cu\d+|rocm\d[\d.]*)(?:\.[a-z].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Which builds of a framework a place may serve.

    A local version that names no backend (``+company.1``) counts as none.

    :ivar label: the backend's local-version label (``cu130``); empty when its wheels carry none.
    :ivar versions: releases or series that fit the hardware; empty = any.
    :ivar unlabelled: releases or series allowed without a label; empty = none, ``None`` = as ``versions``.
    :ivar is_own: speaks of the very package, not of the family it belongs to.
    :ivar trusted: the user vouches for the place: a wheel without a label is taken as it is, with a note.
    """

    label: str
    versions: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] | None = ()
    trusted: bool = False
    is_own: bool = True

    def refuse(self, version: Version) -> str:
        """Why *version* is not the right build; empty when it is."""
        label = backend_label(version)
        if label:
            if not self.label or not same_label(label, self.label):
                return f"is the {label} build, not {self.label or 'one without a local version'}"
            allowed: tuple[str, ...] | None = self.versions
        else:
            allowed = self.unlabelled
            if allowed is None:
                allowed = self.versions
            elif not allowed:
                return f"carries no +{self.label}" if self.label else "is not known to fit the target"
        if allowed and not any(covers(release, version) for release in allowed):
            return "is not known to fit the target"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One source to ask.

    :ivar admission: what it may serve of a framework; ``None`` = anything.
    :ivar only_label: wheels must carry this local-version label, whatever the package (find-links standing in for an
        explicit source); empty = no such rule.
    """

    source: Source
    admission: Admission | None = None
    only_label: str = ""

    def refuse(self, version: Version) -> str:
        """Why a wheel of *version* is not taken from here; empty when it may be."""
        if self.only_label and not same_label(version.local or "", self.only_label):
            return f"carries no +{self.only_label}"
        return self.admission.refuse(version) if self.admission else ""

    @property
    def is_find_links(self) -> bool:
        """Whether this is a folder or page of links, not an index."""
        return self.source.kind == "find-links"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Places whose offers are merged.

    :ivar closes: what keeps the tiers behind this one shut: a file that ``matched`` the requirements, or the name
        being ``known`` at all.
    :ivar fallback_for: the name of the source that must be unreachable for this tier to open at all; empty = open.
    :ivar optional: a place that cannot be reached counts as one that knows nothing.
    """

    places: tuple[Place, ...]
    closes: Literal["matched", "known"] = "matched"
    fallback_for: str = ""
    optional: bool = False


def backend_label(version: Version) -> str:
    """The local version when it names a backend (``cu130``, ``rocm7.2``, ``cpu.cxx11.abi``), else empty."""
    local = version.local or ""
    return local if _BACKEND_LABEL.fullmatch(local) else ""


def same_label(local: str, label: str) -> bool:
    """Whether a wheel's *local* version is the build *label*: equal, or with a suffix that begins with a letter.

    ``cu121.with.pypi.cudnn`` is ``cu121``; ``rocm5.4.2`` is not ``rocm5.4``.
    """
    if local == label:
        return True
    return local.startswith(f"{label}.") and not local[len(label) + 1].isdigit()


def covers(release: str, version: Version) -> bool:
    """Whether *version* belongs to *release*: ``2.14`` covers 2.14.1, ``2.14.0`` its own post-releases only."""
    try:
        parts = tuple(int(part) for part in release.split("."))
    except ValueError:
        return release == version.public
    found = version.release + (0,) * (len(parts) - len(version.release))
    return found[: len(parts)] == parts
