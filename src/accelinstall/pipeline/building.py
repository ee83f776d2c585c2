"""Building with our own engine: environments for builds, and locked packages that get their wheels."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from accelinstall import events, fs
from accelinstall.errors import ResolutionError
from accelinstall.model.finding import Finding
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.project import Project, Wanted
from accelinstall.values import dataclass, field, replace

if TYPE_CHECKING:
    from accelinstall.building import BuildEnvironment, Builder
    from accelinstall.model.index import CoreMetadata, IndexFile, SourceTree
    from accelinstall.model.installation import Interpreter, Receipt, Transaction
    from accelinstall.model.target import Target
    from accelinstall.pipeline.session import Session


def builder_for(session: Session, *, interpreter: Interpreter | None, project: Project | None = None) -> Builder:
    """The session's builder for *interpreter* (``None`` = the one that runs this), made when first asked for.

    :param project: whose sources serve what builds need.
    """
    executable = interpreter.executable if interpreter else sys.executable
    return session.keep(f"builder {executable}", lambda: _make_builder(session, interpreter, project))


class LateBuilder:
    """Reads sources by a builder that is made when the first of them is asked for: most projects have none.

    :ivar made: the builder, ``None`` as long as nobody needed it.
    """

    def __init__(self, make: Callable[[], Builder]) -> None:
        self._make = make
        self.made: Builder | None = None

    def builder(self) -> Builder:
        """The builder, made now at the latest."""
        self.made = self.made or self._make()
        return self.made

    def find(self, url: str, *, name: str, where: str) -> SourceTree:
        """See :class:`~accelinstall.resolution.ports.SourceReader`."""
        return self.builder().find(url, name=name, where=where)

    def metadata(self, file: IndexFile) -> CoreMetadata:
        """See :class:`~accelinstall.resolution.ports.SourceReader`."""
        return self.builder().metadata(file)


def _make_builder(session: Session, interpreter: Interpreter | None, project: Project | None) -> Builder:
    from accelinstall.building import Builder
    from accelinstall.environment import describe
    from accelinstall.pipeline.session import cache_directory

    request = session.request
    cache = cache_directory(request)
    if interpreter is None:
        interpreter = describe(sys.executable, cache_directory=cache)
    environments = _Environments(session=session, interpreter=interpreter, project=project)
    builder = Builder(
        interpreter,
        cache,
        open_environment=environments.open,
        http=lambda: session.http,
        environ=request.environ,
        address=session.fetched,
        progress=session.progress,
        forbidden=request.no_build,
        offline=session.is_offline,
        timeout=request.build_timeout,
    )
    environments.builders.append(builder)
    return builder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Environments:
    """Environments for builds, resolved and installed as any other, and removed afterwards.

    :ivar builders: the builder this is made for: what a build needs may itself have to be built.
    """

    session: Session
    interpreter: Interpreter
    project: Project | None
    builders: list[Builder] = field(default_factory=list)

    @contextmanager
    def open(self, requires: Sequence[str]) -> Iterator[BuildEnvironment]:
        """An environment with *requires* in it."""
        import tempfile

        from accelinstall.environment import create_venv
        from accelinstall.pipeline.session import cache_directory

        # On the store's own disk, so that files are linked.
        parent = os.path.join(cache_directory(self.session.request), "builds-v1", ".work")
        os.makedirs(parent, exist_ok=True)
        place = tempfile.mkdtemp(prefix="environment-", dir=parent)
        try:
            interpreter = create_venv(os.path.join(place, "venv"), base=self.interpreter.executable)
            environment = _Environment(interpreter=interpreter, maker=self)
            environment.install(requires)
            yield environment
        finally:
            fs.remove_tree(place)

    def lock(self, requires: Sequence[str]) -> Lock:
        """What *requires* come to on the interpreter."""
        from accelinstall.resolution import lock_of, resolve, route

        session, project = self.session, self.project
        target = target_of(self.interpreter)
        settings = project.settings if project else None
        if project:
            session.know_project(project)
        resolution = resolve(
            [_wanted(text) for text in requires],
            target=target,
            routing=route(
                default_index=session.default_index,
                sources=[source for source in project.sources if source not in project.settings.sources]
                if project
                else (),
                uses_default_index=project.uses_default_index if project else True,
                settings=settings,
                command_line=session.command_line_indexes,
                pip=session.pip_indexes,
            ),
            finder=session.index,
            sources=self.builders[0],
            python_full_version=self.interpreter.version,
            exclude_newer=session.request.exclude_newer,
        )
        return lock_of(resolution, target=target, finder=session.index)


@dataclass(slots=True, kw_only=True)
class _Environment:
    """One of them; grows by what hooks ask for."""

    interpreter: Interpreter
    maker: _Environments
    asked: list[str] = field(default_factory=list)

    @property
    def python(self) -> str:
        """Absolute path of its interpreter."""
        return self.interpreter.executable

    @property
    def scripts(self) -> str:
        """Its folder of commands."""
        return self.interpreter.schemes["scripts"]

    def install(self, requirements: Sequence[str]) -> None:
        """Adds what *requirements* need, so that what was asked for before still holds."""
        from accelinstall.environment import read_inventory
        from accelinstall.installation import execute
        from accelinstall.transaction import diff

        fresh = [text for text in requirements if text not in self.asked]
        if not fresh:
            return
        self.asked += fresh
        session, builder = self.maker.session, self.maker.builders[0]
        lock = self.maker.lock(self.asked)
        settled = settle(lock, receipt=lambda: None, builder=lambda: builder)
        transaction = diff(read_inventory(self.interpreter), settled, exact=True, protected=frozenset())
        settled = with_wheels(settled, transaction, session, build=builder.build)
        transaction = diff(read_inventory(self.interpreter), settled, exact=True, protected=frozenset())
        entries = session.store.fetch(
            transaction.packages, http=session.http, progress=_only_files(session.progress), address=session.address
        )
        execute(transaction, entries=entries, interpreter=self.interpreter, lock=settled)


def target_of(interpreter: Interpreter) -> Target:
    """What packages that only help to build are chosen for: *interpreter*, no device."""
    from accelinstall.model.target import Target

    target = Target.parse(f"cpu-{interpreter.platform}-{interpreter.python}")
    return replace(target, libc=interpreter.libc)


def settle(lock: Lock, *, receipt: Callable[[], Receipt | None], builder: Callable[[], Builder]) -> Lock:
    """*lock* with the wheels that are known of what has to be built: installed already, or built before.

    What is left has the identity of its build in place of a hash, which no installed wheel has.

    :param receipt: the environment's newest; it and the *builder* are asked for only when something has to be built.
    """
    if not any(package.is_unbuilt for package in lock.packages):
        return lock
    latest = receipt()
    installed = {name: (version, sha256) for name, version, sha256 in latest.installed} if latest else {}
    built = dict(latest.built) if latest else {}
    found = []
    for package in lock.packages:
        if package.is_unbuilt:
            package = builder().identify(package)
            if built.get(package.name) == package.build_id and package.name in installed:
                version, sha256 = installed[package.name]
                package = replace(package, version=version, sha256=sha256)
            else:
                package = builder().built(package) or replace(package, sha256=package.build_id)
        found.append(package)
    return replace(lock, packages=tuple(found))


def with_wheels(
    lock: Lock, transaction: Transaction, session: Session, *, build: Callable[[LockedPackage], LockedPackage]
) -> Lock:
    """*lock*, settled, with a wheel built for every package of *transaction* that has none yet."""

    def has_wheel(package: LockedPackage) -> bool:
        return not package.is_unbuilt or session.store.holds(package.sha256)

    needed = {package.name for package in transaction.packages if not has_wheel(package)}
    if not needed:
        return lock
    packages = (build(package) if package.name in needed else package for package in lock.packages)
    return replace(lock, packages=tuple(packages))


def changed_folders(lock: Lock) -> tuple[str, ...]:
    """The folders of *lock* that say something else of themselves than when it was made; reads a few files."""
    from accelinstall.building import metadata_digest

    folders = [item.origin for item in lock.packages if item.origin is not None and item.origin.kind == "directory"]
    return tuple(origin.folder for origin in folders if metadata_digest(origin.folder) != origin.digest)


def built_elsewhere(builder: Builder | None, lock: Lock) -> tuple[Finding, ...]:
    """A remark for every package of *lock* whose metadata a build on this machine made, when it is for another."""
    if builder is None:
        return ()
    here, target = builder.interpreter, lock.target
    if (here.platform, here.python) == (target.platform, target.python):
        return ()
    return tuple(
        Finding(
            id="built-elsewhere",
            level="warning",
            message=f"what `{package.name}` {package.version} needs is known from building it for {here.python} on "
            f"{here.platform}; for {target.python} on {target.platform} it may be something else",
        )
        for package in lock.packages
        if package.origin is not None and f"{package.name} {package.version}" in builder.guessed
    )


def _wanted(text: str) -> Wanted:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Wanted(requirement=Requirement(text), where="a build requirement")
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        message = f"the build requirement `{text}` is not a requirement: {reason}"
        raise ResolutionError(message, hint="forbid building with --no-build, or choose another version") from error


def _only_files(progress: events.Progress) -> events.Progress:
    """Of fetching what a build needs only the files are told: its phases are not those of the run."""

    def tell(event: events.Event) -> None:
        if isinstance(event, (events.FileStarted, events.FileAdvanced, events.FileFinished, events.Note)):
            progress(event)

    return tell
