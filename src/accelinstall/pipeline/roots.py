"""The project itself, installed beside what it needs: editable, as Poetry and uv do it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from accelinstall.errors import BuildError
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.origin import Origin
from accelinstall.pipeline.building import builder_for
from accelinstall.pipeline.reading import read_project
from accelinstall.values import dataclass, replace

if TYPE_CHECKING:
    from accelinstall.building import Builder
    from accelinstall.model.installation import Receipt
    from accelinstall.model.project import Project
    from accelinstall.pipeline.places import Place
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session

# Who works on a project has it importable; an image copies it in.
_PROFILES = ("", "development", "ci")


class RootNotBuilt(BuildError):
    """The project itself cannot be built."""

    code = "root-not-built"

    def __init__(self, error: BuildError) -> None:
        super().__init__(
            f"the project itself cannot be installed: {error.message}",
            hint="--no-root leaves it out, as does `package-mode = false` under [tool.poetry] for good",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The project as a package.

    :ivar name: canonical, empty when it is none; ``wanted`` whether this run installs it.
    """

    name: str = ""
    version: str = ""
    directory: str = ""
    wanted: bool = False

    def beside(self, lock: Lock) -> Lock:
        """*lock* with the project, when it is wanted and not among the packages as somebody's dependency."""
        if not self.wanted or lock.package(self.name) is not None:
            return lock
        origin = Origin(kind="directory", path=self.directory, editable=True)
        own = LockedPackage(
            name=self.name,
            version=self.version,
            filename="",
            sha256="",
            path=self.directory,
            direct=True,
            origin=origin,
        )
        packages = tuple(sorted((*lock.packages, own), key=lambda package: package.name))
        return replace(lock, packages=packages, roots=tuple(sorted((*lock.roots, self.name))))


def root_of(request: Request) -> Root:
    """The request's project as a package; none where requirements or a lock are named instead of it."""
    if request.lock_file or request.requirements or request.inline:
        return Root()
    project = read_project(request)
    if not project.is_package:
        return Root()
    wanted = request.root and request.groups.profile in _PROFILES and not request.groups.only
    name = re.sub(r"[-_.]+", "-", project.name).lower()
    return Root(name=name, version=project.version, directory=project.directory, wanted=wanted)


class Builders:
    """The builder for an environment, made when something has to be built.

    :param root: whose failure is told as such.
    """

    def __init__(self, request: Request, place: Place, session: Session, *, root: Root) -> None:
        self._request, self._place, self._session, self._root = request, place, session, root

    def __call__(self) -> Builder:
        request = self._request
        project: Project | None = None if request.lock_file else read_project(request)
        return builder_for(self._session, interpreter=self._place.interpreter, project=project)

    def build(self, package: LockedPackage) -> LockedPackage:
        """*package* with a wheel.

        :raises RootNotBuilt: when it is the project itself and cannot be built.
        """
        try:
            return self().build(package)
        except BuildError as error:
            if package.name == self._root.name:
                raise RootNotBuilt(error) from error
            raise

    def receipt(self) -> Receipt | None:
        """What the environment was changed to last."""
        from accelinstall.installation import latest_receipt

        return latest_receipt(self._place.interpreter) if self._place.plan.exists else None
