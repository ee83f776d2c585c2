"""What was considered for a machine, and what came out."""

from __future__ import annotations

from typing import Literal

from accelinstall.model.finding import Finding
from accelinstall.model.target import Target
from accelinstall.values import dataclass

Preference = Literal["newest", "shared", "smallest"]
"""What decides between candidates: the newest releases, one CUDA major for all frameworks, or the least to download."""
PREFERENCES: tuple[Preference, ...] = ("newest", "shared", "smallest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One build, accepted or rejected, by the rule that decided.

    :ivar package: canonical distribution name, such as ``torch``.
    :ivar version: release or release series, such as ``2.14.1``.
    :ivar backend: slug such as ``cu126``.
    :ivar code: kebab-case: ``accepted``, ``driver-too-old``, ``architecture-not-compiled``, ``python-unsupported``,
        ``libc-too-old``, ``platform-unsupported``, ``specifier-excludes``, ``resolver-conflict``,
        ``other-environment``...
    :ivar found: the number the machine has; ``needed`` the number the build needs; both empty when none applies.
    """

    package: str
    version: str
    backend: str
    accepted: bool
    code: str
    reason: str
    found: str = ""
    needed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A framework somebody asks for: the input of selection.

    :ivar name: canonical distribution name.
    :ivar specifier: PEP 440 specifier text, empty for any.
    :ivar extras: requested extras, sorted.
    :ivar group: the project group it stands in, empty outside a project.
    :ivar backend: the slug a project's source fixes (``.../whl/cu121`` -> ``cu121``); empty when free.
    :ivar source_url: the source the project binds it to; empty when it is bound to none, or to the default index.
    """

    name: str
    specifier: str = ""
    extras: tuple[str, ...] = ()
    backend: str = ""
    group: str = ""
    source_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The answer for one wish, as ``explain`` prints it.

    :ivar requirement: PEP 508 text as asked.
    :ivar version: a release series (``2.14``) for an open requirement, a release for an exact one.
    :ivar source_url: empty when the default index serves it.
    :ivar download_bytes: what this build brings, the vendor's libraries with it, about; 0 = unknown.
    """

    name: str
    requirement: str
    version: str
    backend: str
    source_url: str = ""
    group: str = ""
    download_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one candidate says of one framework.

    :ivar versions: releases known to fit, newest first; empty = any release (the backend has no version floor).
    :ivar default_index_versions: those of ``versions`` whose wheel on the default index *is* this backend.
    :ivar source: name of the catalog's source for it (``pytorch-cu130``); empty = the default index only.
    :ivar source_url: the simple-API URL of that source; empty likewise.
    :ivar local: the local-version label of wheels on that source (``cu130``, ``rocm7.2``, ``cpu``); empty = none.
    """

    package: str
    backend: str
    versions: tuple[str, ...] = ()
    default_index_versions: tuple[str, ...] = ()
    source: str = ""
    source_url: str = ""
    local: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to serve the machine; the pipeline resolves candidates in order.

    :ivar download_bytes: what the wished frameworks bring together, shared libraries once, about; 0 = unknown.
    """

    target: Target
    choices: tuple[Choice, ...] = ()
    download_bytes: int = 0

    def choice(self, package: str) -> Choice | None:
        """The choice for *package*, if selection had an opinion."""
        return next((choice for choice in self.choices if choice.package == package), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retarget:
    """The edit of a project's source that makes it fit the machine.

    :ivar backend: the slug the source fixes now, whose wheels carry ``local``.
    :ivar urls: of the project's sources that fix it.
    :ivar to: the slug that fits; ``to_source`` and ``to_url`` the catalog's name and address of its index, both empty
        where the default index's wheel is the right one; ``to_local`` the local label of its wheels.
    :ivar pins: (canonical name, version such as ``2.15.*``, or ``*``) of requirements that have to change with it.
    """

    backend: str
    local: str
    urls: tuple[str, ...]
    to: str
    to_source: str = ""
    to_url: str = ""
    to_local: str = ""
    pins: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Ordered candidates, best first (at most eight), every verdict, and what to warn of.

    :ivar selected: one row per wish, for the first candidate.
    """

    candidates: tuple[Candidate, ...]
    selected: tuple[Selected, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    warnings: tuple[Finding, ...] = ()
