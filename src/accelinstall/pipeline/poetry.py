"""What ``poetry.lock`` says, for a lock of ours: its versions are law but for what varies with hardware.

Both worlds then agree on everything that is not hardware.  A fresh ``pylock`` is recognised without reading more than
the bytes of ``poetry.lock``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from accelinstall.errors import LockError
from accelinstall.model.finding import Finding
from accelinstall.pipeline.reading import is_there, read_text
from accelinstall.values import dataclass, field

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from accelinstall.model.lock import Lock
    from accelinstall.model.selection import Candidate
    from accelinstall.pipeline.planning import Plan
    from accelinstall.pipeline.request import Request
    from accelinstall.project import PoetryLock


class NotPoetrysFile(LockError):
    """The index offers another file under a name whose hash Poetry has locked."""

    code = "not-poetrys-file"

    def __init__(self, filename: str, *, sha256: str) -> None:
        super().__init__(
            f"{filename} has the sha256 {sha256}, which is not the one in poetry.lock",
            hint="find out who changed the file; if it may differ, `poetry lock --regenerate` or --ignore-poetry-lock",
        )
        self.filename, self.sha256 = filename, sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class PoetryPins:
    """What holds for one target.

    :ivar versions: canonical name -> the one version that is allowed, outside the catalog's families.
    :ivar preferences: the same inside them, to be kept where it fits.
    :ivar hashes: file name -> ``sha256:...`` of every file of those in ``versions``.
    """

    versions: dict[str, str] = field(default_factory=dict)
    preferences: dict[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def law(self) -> tuple[Requirement, ...]:
        """``versions`` as bounds that install nothing by themselves."""
        from packaging.requirements import Requirement

        return tuple(Requirement(f"{name}=={version}") for name, version in self.versions.items())

    def ensure_files(self, lock: Lock) -> None:
        """:raises NotPoetrysFile: when a file of *lock* has another content than Poetry's of that name."""
        for package in lock.packages:
            known = self.hashes.get(package.filename, "")
            if known.startswith("sha256:") and known != f"sha256:{package.sha256}":
                raise NotPoetrysFile(package.filename, sha256=package.sha256)

    def findings(self, lock: Lock) -> tuple[Finding, ...]:
        """One remark, when any package of *lock* has its version from there."""
        held = sum(package.name in self.versions for package in lock.packages)
        if not held:
            return ()
        count = "1 package has" if held == 1 else f"{held} packages have"
        return (Finding(id="poetry-lock", level="info", message=f"{count} the version of poetry.lock"),)


def read_poetry_lock(request: Request) -> str:
    """The text of the ``poetry.lock`` that counts for the request; empty when none does."""
    if request.requirements or request.inline or request.ignore_poetry_lock:
        return ""
    path = str(Path(request.project, "poetry.lock"))
    return read_text(path) if is_there(path) else ""


def input_of(text: str) -> dict[str, str]:
    """What of a ``poetry.lock`` decides whether a lock of ours is fresh: nothing where there is none."""
    if not text:
        return {}
    from accelinstall.project import packages_digest

    return {"poetry.lock": packages_digest(text)}


def read_agreement(plan: Plan, request: Request) -> PoetryLock | None:
    """The plan's ``poetry.lock``, if there is one.

    :raises StalePoetryLock: when it was not made from the project as it is.
    :raises MalformedPoetryLock: with the line.
    """
    if not plan.poetry_lock:
        return None
    import tomllib

    from accelinstall.project import StalePoetryLock, parse_poetry_lock

    lock = parse_poetry_lock(plan.poetry_lock)
    if not lock.is_made_from(tomllib.loads(read_text(str(Path(request.project, "pyproject.toml"))))):
        raise StalePoetryLock(generator=lock.generator)
    return lock


def pins_for(plan: Plan, candidate: Candidate, request: Request, lock: PoetryLock) -> PoetryPins:
    """What *lock* holds the packages of one target to; the project's own overrides go before."""
    from accelinstall.catalog import load_catalog

    chosen = lock.chosen(
        groups=plan.locked_groups,
        environment=candidate.target.markers(python_full_version=plan.python_full_version),
        extras=request.groups.extras,
    )
    catalog = load_catalog()
    varying = {package.name: package.version for package in chosen if catalog.family_of(package.name) is not None}
    overridden = _names_of(plan.project.settings.overrides)
    held = [package for package in chosen if package.name not in varying and package.name not in overridden]
    return PoetryPins(
        versions={package.name: package.version for package in held},
        preferences=varying,
        hashes={filename: value for package in held for filename, value in package.hashes.items()},
    )


def _names_of(requirements: tuple[str, ...]) -> set[str]:
    from accelinstall.resolution.standards import canonical, parse_requirement

    return {canonical(item.name) for item in map(parse_requirement, requirements) if item is not None}
