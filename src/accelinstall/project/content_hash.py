"""The hash by which Poetry tells whether its lock was made from a ``pyproject.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PROJECT = ("requires-python", "dependencies", "optional-dependencies")
_POETRY = ("dependencies", "source", "extras", "dev-dependencies")
_GROUP = "group"


def content_hash(data: Mapping[str, Any], *, dependency_groups: bool = True, project: bool = True) -> str:
    """The sha256 (hex) that Poetry 2.5 writes as ``content-hash`` for the ``pyproject.toml`` read as *data*.

    Compared with Poetry 2.5.1 for every layout under ``tests/projects``.

    :param dependency_groups: unset, the hash of Poetry before 2.3, which left ``[dependency-groups]`` out.
    :param project: unset too, that of Poetry 1, which did not know ``[project]`` either.
    """
    import hashlib
    import json

    poetry = _table(_table(data.get("tool")).get("poetry"))
    standard = _present(_table(data.get("project")), _PROJECT) if project else {}
    groups = _table(data.get("dependency-groups")) if dependency_groups and project else {}
    content: dict[str, Any]
    if standard or groups:
        content = {"tool": {"poetry": _present(poetry, (*_POETRY, _GROUP))}}
        if standard:
            content["project"] = standard
        if groups:
            content["dependency-groups"] = groups
    else:
        # As Poetry 1 wrote it: what is not there stands as null, but for the groups, which came later.
        content = {key: poetry.get(key) for key in _POETRY} | _present(poetry, (_GROUP,))
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _present(table: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: table[key] for key in keys if table.get(key) is not None}


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
