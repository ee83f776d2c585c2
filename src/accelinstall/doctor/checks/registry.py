"""Every check's id, its usual level and what it claims; ``docs/doctor.md`` is held to this by a test."""

from __future__ import annotations

from collections.abc import Mapping

from accelinstall.doctor.edits import Change
from accelinstall.model.finding import Finding, Level
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check.

    :ivar says: what a finding of it means, as one sentence.
    :ivar mends: what ``--fix`` does about it; empty = nothing, the hint says what a person can do.
    """

    level: Level
    says: str
    mends: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A finding, and what would mend it.

    :ivar changes: edits of files; ``makes_environment``: the environment is made and filled from the lock.
    """

    finding: Finding
    changes: tuple[Change, ...] = ()
    makes_environment: bool = False


_SEPARATED = "environments go to Poetry's cache, a container's to its own path"
_PINNED = "pins it to the version that wrote `poetry.lock`"

CHECKS: Mapping[str, Check] = {
    "environment-missing": Check(level="warning", says="the project has no environment here", mends="makes it"),
    "environment-foreign-owner": Check(level="error", says="the environment belongs to another user", mends=_SEPARATED),
    "environment-foreign-python": Check(
        level="error", says="the environment was made by another Python, or by one that is not here", mends=_SEPARATED
    ),
    "environment-in-container": Check(
        level="error", says="a container sees the project with its `.venv`", mends=_SEPARATED
    ),
    "environment-in-build-context": Check(
        level="warning", says="an image copies `.venv` in", mends="adds `.venv` to `.dockerignore`"
    ),
    "environment-leftover": Check(level="info", says="a `.venv` is there that nothing uses"),
    "environment-older-than-lock": Check(level="info", says="the lock changed after the environment did"),
    "environment-wrong-python": Check(level="error", says="the environment's Python is outside the project's range"),
    "environment-unknown": Check(level="warning", says="which environment is meant cannot be told"),
    "packages-differ": Check(level="error", says="the environment does not hold what the lock says"),
    "package-pin-differs": Check(level="warning", says="a file pins another version than the lock"),
    "python-command-missing": Check(level="info", says="`python` is missing but `python3` is there"),
    "python-differs": Check(level="warning", says="places use different Pythons"),
    "python-outside-range": Check(level="error", says="a place uses a Python outside the project's range"),
    "python-unpinned": Check(level="warning", says="a place takes whatever Python is newest"),
    "python-version-number": Check(
        level="error", says="YAML reads the version as a number: 3.10 is 3.1", mends="quotes it"
    ),
    "poetry-unpinned": Check(level="warning", says="a place takes whatever Poetry is newest", mends=_PINNED),
    "poetry-differs": Check(level="error", says="a place uses another Poetry than the lock's", mends=_PINNED),
    "poetry-unknown-version": Check(level="error", says="there is no such Poetry", mends=_PINNED),
    "poetry-command-gone": Check(
        level="error", says="Poetry 2 no longer takes the command or option", mends="writes what replaced it"
    ),
    "setting-without-effect": Check(
        level="warning", says="the variable is none of Poetry's", mends="renames it to the one that was meant"
    ),
    "lock-missing": Check(level="warning", says="the project has no lock"),
    "lock-stale": Check(level="error", says="the lock was not made from the `pyproject.toml` as it is"),
    "cuda-differs": Check(level="warning", says="an image's CUDA is of another major than the wheels'"),
    "image-gone": Check(level="error", says="the image's tag was deleted, or will be"),
    "image-unpinned": Check(level="info", says="an image is taken without a version"),
    "scripts-left-behind": Check(
        level="error", says="an image copies `site-packages` alone and loses its console scripts"
    ),
    "group-cannot-run": Check(level="error", says="the hardware here cannot run what the project asks for"),
    "secret-in-source-url": Check(level="error", says="a source's address holds a password"),
    "tensorflow-cuda-extra": Check(
        level="error",
        says="tensorflow has no extra `cuda`: pip warns and installs it without CUDA",
        mends="writes `and-cuda` in scripts",
    ),
    "mirror-not-a-source": Check(
        level="warning",
        says="pip's index has no JSON pages, and Poetry can only read such an index as a source",
        mends="writes it as a source while nothing is locked",
    ),
    "file-unparsable": Check(level="error", says="a file is not what its name says"),
    "file-unreadable": Check(level="warning", says="a file cannot be read, so it was passed over"),
    "container-differs": Check(level="warning", says="a running container holds something else"),
    "container-unavailable": Check(level="info", says="no container could be compared"),
}


def remark(
    id: str,
    message: str,
    *,
    hint: str = "",
    where: str = "",
    level: Level | None = None,
    changes: tuple[Change, ...] = (),
    makes_environment: bool = False,
) -> Remark:
    """A remark of the check *id*, of its usual level unless another is given.

    What stands above the project is compared and not edited: other projects go by it too.
    """
    changes = tuple(change for change in changes if not change.path.startswith("../"))
    finding = Finding(
        id=id,
        level=level or CHECKS[id].level,
        message=message,
        hint=hint,
        where=where,
        fixable=bool(changes) or makes_environment,
    )
    return Remark(finding=finding, changes=changes, makes_environment=makes_environment)
