"""Which builds of a framework each kind of place may serve, from what selection says of it."""

from __future__ import annotations

import re

from accelinstall.model.project import Source
from accelinstall.model.selection import Choice
from accelinstall.resolution.places import Admission


def is_on_default(choice: Choice) -> bool:
    """Whether the default index has the newest release that fits, so that no other source is needed."""
    if not choice.source_url:
        return True
    newest = (*choice.versions, *choice.default_index_versions)[:1]
    return bool(newest) and newest[0] in choice.default_index_versions


def home_of(choice: Choice) -> Source:
    """The source the catalog names for the choice's backend."""
    return Source(name=choice.source, url=choice.source_url, priority="explicit")


def home_admission(source: Source, choice: Choice, *, name: str, is_head: bool) -> Admission:
    """What *source*, which *name* is bound to, may serve.

    :param is_head: every wheel of *name* for the backend carries its label there, where the backend has one.
    """
    own = choice.package == name
    if not _same_index(source.url, choice.source_url):
        # The project's own mirror: how its wheels are labelled is the project's business.
        return Admission(label=choice.local, unlabelled=None, trusted=own, is_own=own)
    unlabelled = () if own and is_head and choice.local else None
    return Admission(label=choice.local, versions=choice.versions if own else (), unlabelled=unlabelled, is_own=own)


def default_admission(choice: Choice | None, *, name: str) -> Admission | None:
    """What the default index may serve where it is the right place, or stands in for it."""
    if choice is None or choice.package != name:
        return _member_admission(choice)
    return Admission(label=choice.local, versions=choice.versions, unlabelled=choice.default_index_versions or None)


def foreign_admission(choice: Choice | None, *, name: str) -> Admission | None:
    """What any other place may serve: wheels that carry the label, and the default index's own right builds."""
    if choice is None or choice.package != name:
        return _member_admission(choice)
    if not choice.source_url:
        return default_admission(choice, name=name)
    return Admission(label=choice.local, versions=choice.versions, unlabelled=choice.default_index_versions)


def trusting(admission: Admission | None) -> Admission | None:
    """What a place the user vouches for may serve: anything that names no other backend."""
    if admission is None:
        return None
    return Admission(label=admission.label, unlabelled=None, trusted=True, is_own=admission.is_own)


def _member_admission(choice: Choice | None) -> Admission | None:
    """For names that only belong to the choice's family: their head pins the versions made for it."""
    return None if choice is None else Admission(label=choice.local, unlabelled=None, is_own=False)


def _same_index(left: str, right: str) -> bool:
    return _bare(left) == _bare(right)


def _bare(url: str) -> str:
    return re.sub(r"^https?://(?:www\.)?", "", url).rstrip("/").lower()
