"""What was decided to be installed on one target."""

from __future__ import annotations

from accelinstall.model.origin import Origin
from accelinstall.model.target import Target
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One pinned wheel, or what it is built from.

    :ivar name: canonical.
    :ivar filename: of the wheel; before one is built that of the archive, empty for a folder or a commit.
    :ivar url: canonical address (mirrors rewrite at fetch time); empty when ``path`` is set.
    :ivar path: absolute path of a local wheel (not portable); empty when ``url`` is set.
    :ivar size: bytes, ``None`` when unknown.
    :ivar sha256: lower-case hex; empty for a folder or a commit no wheel is built of yet.
    :ivar source: simple-API root it was found on; empty for find-links and direct URLs.
    :ivar requires: canonical names of the locked packages it depends on, sorted.
    :ivar direct: named by URL or path in the requirement itself, so ``direct_url.json`` is written.
    :ivar origin: what the wheel is built from; ``None`` for a wheel that is there as it is.
    :ivar build_id: tells one state of the origin from another, once somebody has looked at it; else empty.
    """

    name: str
    version: str
    filename: str
    sha256: str
    url: str = ""
    path: str = ""
    size: int | None = None
    source: str = ""
    requires_python: str = ""
    requires: tuple[str, ...] = ()
    direct: bool = False
    origin: Origin | None = None
    build_id: str = ""

    @property
    def is_unbuilt(self) -> bool:
        """Whether a wheel has to be built before anything can be installed."""
        return self.origin is not None and not self.filename.endswith(".whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Every package of one target; the same inputs give the same bytes.

    :ivar packages: sorted by name.
    :ivar roots: canonical names the project itself asks for, sorted.
    :ivar groups: the groups that were locked, in project order.
    :ivar group_roots: (group, canonical names that group asks for) pairs, in project order; with ``requires`` they
        tell what each profile needs, so one lock serves them all.
    :ivar input_hash: of requirements, sources, groups, target and options; equality means fresh.
    :ivar degraded: one sentence per source that was replaced by a fallback.
    :ivar workspace: the same hash of all projects it was locked together with; empty when it was locked alone.
    :ivar overridden: one sentence per package whose requirements an override of the project replaced.
    """

    target: Target
    packages: tuple[LockedPackage, ...] = ()
    roots: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    requires_python: str = ""
    input_hash: str = ""
    degraded: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    group_roots: tuple[tuple[str, tuple[str, ...]], ...] = ()
    workspace: str = ""

    def package(self, name: str) -> LockedPackage | None:
        """The package called *name* (canonical), if locked."""
        return next((package for package in self.packages if package.name == name), None)

    def packages_of(self, groups: tuple[str, ...]) -> tuple[LockedPackage, ...]:
        """The packages those groups reach; all of them when the lock does not know its groups."""
        roots = dict(self.group_roots)
        if not roots:
            return self.packages
        by_name = {package.name: package for package in self.packages}
        waiting = [name for group in groups for name in roots.get(group, ())]
        reached: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in reached and name in by_name:
                reached.add(name)
                waiting.extend(by_name[name].requires)
        return tuple(package for package in self.packages if package.name in reached)
