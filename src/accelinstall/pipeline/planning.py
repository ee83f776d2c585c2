"""From a request to a plan: what is there, what is asked for, which builds fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelinstall.errors import ProjectError, UsageError
from accelinstall.model.finding import Finding
from accelinstall.model.hardware import ENVIRONMENTS, Environment, HardwareReport, Overrides
from accelinstall.model.project import GroupChoice, Project, Source, Wanted
from accelinstall.model.selection import Selection, Wish
from accelinstall.model.target import Target, TargetSyntaxError, environment_of
from accelinstall.pipeline.reading import read_project
from accelinstall.values import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accelinstall.catalog import Catalog
    from accelinstall.model.installation import Interpreter
    from accelinstall.pipeline.request import Request
    from accelinstall.pipeline.session import Session

# What wheels for elsewhere may assume: the glibc of manylinux_2_28, which every current distribution has, and the
# macOS that current torch wheels are built for.
PORTABLE_FLOORS = {"linux": "glibc-2.28", "macos": "macos-14.0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything known before the network is asked.

    :ivar choice: the groups to be installed; ``wanted`` covers more: what the lock holds, so that one lock serves
        every profile.
    :ivar interpreter: the one packages are for, where it is one of this machine.
    :ivar agreed: canonical name -> the version (without label) that all projects of a workspace take.
    :ivar kept: canonical name -> the version to be kept where it fits.
    :ivar workspaces: input hashes of the workspace that a lock may have been made from; the first is that of now.
    :ivar poetry_lock: the text of the project's ``poetry.lock`` where versions are locked by it, else empty.
    """

    report: HardwareReport
    project: Project
    environment: Environment
    choice: GroupChoice
    locked_groups: tuple[str, ...]
    wanted: tuple[Wanted, ...]
    selection: Selection
    python_full_version: str
    interpreter: Interpreter | None = None
    poetry_lock: str = ""
    agreed: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    workspaces: tuple[str, ...] = ()


def make_plan(
    request: Request, interpreter: Interpreter | None, session: Session, *, project: Project | None = None
) -> Plan:
    """Reads hardware and project, and selects.

    :param project: instead of the one the request names.
    :raises AccelinstallError: of any room; nothing has been changed then.
    """
    from accelinstall.pipeline.cataloguing import read_catalog
    from accelinstall.project import choose_groups, environment_from_groups
    from accelinstall.selection import choose_environment, select

    project = project or read_project(request)
    catalog = read_catalog(request, project)
    report = read_hardware(request, session, interpreter=interpreter)
    groups = request.groups
    named = environment_from_groups(project, with_=groups.with_, only=groups.only, profile=groups.profile)
    fixed = request.target.environment if request.target else request.overrides.environment or named
    environment = fixed or choose_environment(report, overrides=request.overrides, catalog=catalog)
    choice = choose_groups(
        project,
        environment=environment,
        profile=groups.profile or "development",
        with_=groups.with_,
        without=groups.without,
        only=groups.only,
    )
    locked_groups = groups_to_lock(project, choice)
    full_version = _full_version(report, interpreter)
    _ensure_python(project, full_version or report.platform.python_version)
    wanted = wanted_for(project, locked_groups, extras=groups.extras)
    selection = select(
        report,
        wishes_for(wanted, project, catalog, report=report),
        catalog=catalog,
        environment=environment,
        backend=request.target.backend if request.target else request.overrides.backend,
        prefer=request.prefer,
    )
    return Plan(
        report=report,
        project=project,
        environment=environment,
        choice=choice,
        locked_groups=locked_groups,
        wanted=wanted,
        selection=selection,
        python_full_version=full_version,
        interpreter=interpreter,
    )


class PythonNotWanted(ProjectError):
    """The project's ``requires-python`` leaves out the Python its packages are chosen for."""

    code = "python-not-wanted"

    def __init__(self, *, wanted: str, found: str) -> None:
        super().__init__(
            f"the project requires Python {wanted}, this is for Python {found}",
            hint="name another one: --python-version X.Y for locks and new environments, --python PATH or --venv DIR "
            "for those that are there",
        )
        self.wanted, self.found = wanted, found


def _ensure_python(project: Project, version: str) -> None:
    """:raises PythonNotWanted: when no release of *version*, perhaps only a minor one, is among the project's."""
    if not project.requires_python or not version:
        return
    from packaging.specifiers import SpecifierSet

    # A build without the GIL is the same Python.
    plain = version.removesuffix("t")
    releases = [plain] if plain.count(".") > 1 else [f"{plain}.0", f"{plain}.99"]
    if not any(SpecifierSet(project.requires_python).contains(release, prereleases=True) for release in releases):
        raise PythonNotWanted(wanted=project.requires_python, found=version)


def without_builds(plan: Plan) -> tuple[Finding, ...]:
    """A remark for every requirement that no table of the catalog is about: nothing was judged for it."""
    import difflib

    from packaging.utils import canonicalize_name

    from accelinstall.catalog import load_catalog

    catalog = load_catalog()
    known = [name for family in catalog.families for name in (family.head, *family.members)]
    findings = []
    for item in plan.wanted:
        name = canonicalize_name(item.requirement.name)
        if catalog.family_of(name) is None:
            close = difflib.get_close_matches(name, known, n=1)
            meant = f"; did you mean `{close[0]}`?" if close else ", so any wheel that fits the platform will do"
            message = f"the catalog knows no hardware builds of `{name}`{meant}"
            findings.append(Finding(id="no-hardware-builds", level="info", message=message))
    return tuple(findings)


def read_hardware(request: Request, session: Session, *, interpreter: Interpreter | None = None) -> HardwareReport:
    """What is judged: the machine of a target for elsewhere, a recorded one, or this one for *interpreter*.

    The request's overrides are applied.
    """
    from accelinstall.selection import apply_overrides, report_for

    if request.target is not None:
        return apply_overrides(report_for(request.target), _claims_on_devices(request.overrides))
    report = session.machine
    if interpreter is not None and not request.host:
        # Packages are for that interpreter, not for the one accelinstall runs on.
        platform = replace(report.platform, python_version=interpreter.version)
        report = replace(report, platform=platform)
    return apply_overrides(report, request.overrides)


def _claims_on_devices(overrides: Overrides) -> Overrides:
    return Overrides(gpu_arch=overrides.gpu_arch, driver_version=overrides.driver_version)


def record_hardware(request: Request, directory: str) -> tuple[HardwareReport, tuple[str, ...]]:
    """The report, with everything it was made from written to *directory*; and what was left out there.

    :raises DetectionError: when the folder cannot take it.
    """
    from accelinstall.hardware import RecordingHost, detect
    from accelinstall.pipeline.session import host_of
    from accelinstall.selection import apply_overrides

    recorder = RecordingHost(host_of(request), directory)
    report = detect(recorder)
    return apply_overrides(report, request.overrides), recorder.save()


def groups_to_lock(project: Project, choice: GroupChoice) -> tuple[str, ...]:
    """Every group but the hardware groups that were not chosen: one lock serves all profiles of a target."""
    from accelinstall.project import hardware_groups

    hardware = hardware_groups(project).keys() - set(choice.groups)
    return tuple(group.name for group in project.groups if group.name not in hardware)


def wanted_for(project: Project, groups: tuple[str, ...], *, extras: tuple[str, ...]) -> tuple[Wanted, ...]:
    """What those groups ask for."""
    from accelinstall.project import wanted_of

    return wanted_of(project, GroupChoice(groups=groups), extras=extras)


def wishes_for(
    wanted: tuple[Wanted, ...], project: Project, catalog: Catalog, *, report: HardwareReport
) -> tuple[Wish, ...]:
    """The frameworks asked for on the machine of *report*, each with the backend its source or local label fixes."""
    from packaging.utils import canonicalize_name

    from accelinstall.selection import backend_of_source, markers_of

    wishes = []
    environment = {**markers_of(report), "extra": ""}
    for item in wanted:
        name = canonicalize_name(item.requirement.name)
        marker = item.requirement.marker
        if catalog.family_of(name) is None or (marker is not None and not marker.evaluate(environment)):
            continue
        source = source_of(item, project)
        backend = item.local.replace(".", "-") or (backend_of_source(source.url, catalog) if source else "")
        wishes.append(
            Wish(
                name=name,
                specifier=str(item.requirement.specifier),
                extras=tuple(sorted(item.requirement.extras)),
                backend=backend,
                group=item.group if len(project.groups) > 1 else "",
                source_url=source.url if source else "",
            )
        )
    return tuple(wishes)


def source_of(item: Wanted, project: Project) -> Source | None:
    """The source a requirement is bound to."""
    return None if item.source is None else project.source(item.source)


def requests_for_targets(
    request: Request, interpreter: Interpreter | None, session: Session, *, project: Project | None = None
) -> list[Request]:
    """One request per target to be locked; the request itself when it names none.

    :raises TargetSyntaxError: for a text that is no target.
    """
    names = request.targets
    if request.all_targets:
        names = (project or read_project(request)).settings.targets
        if not names:
            raise UsageError(
                "the project names no targets",
                hint='add `targets = ["cpu", "cu130"]` under [tool.accelinstall] in pyproject.toml',
            )
    targets = dict.fromkeys(expand_target(name, request, interpreter, session) for name in names)
    return [replace(request, target=target) for target in targets] or [request]


def expand_target(name: str, request: Request, interpreter: Interpreter | None, session: Session) -> Target:
    """The target a slug or an abbreviation (``cu130``) names, for this platform and Python unless overridden.

    Unless the text says more, the lock is for elsewhere: nothing of this machine's devices and libc counts.
    """
    try:
        target = Target.parse(name)
    except TargetSyntaxError:
        if environment_of(name) not in ENVIRONMENTS:
            raise
        try:
            target = Target.parse(f"{name}-{_platform_and_python(request, interpreter, session)}")
        except TargetSyntaxError:
            raise TargetSyntaxError(name) from None
    if target.libc:
        return target
    return replace(target, libc=PORTABLE_FLOORS.get(target.system, ""))


def _platform_and_python(request: Request, interpreter: Interpreter | None, session: Session) -> str:
    overrides, here = request.overrides, session.machine.platform
    platform = overrides.platform or (interpreter.platform if interpreter else here.slug)
    if interpreter is not None and not overrides.python_version:
        return f"{platform}-{interpreter.python}"
    version = overrides.python_version or here.python_version
    return f"{platform}-cp{''.join(version.split('.')[:2])}"


def _full_version(report: HardwareReport, interpreter: Interpreter | None) -> str:
    """The Python that markers see: to the last digit when this run knows it."""
    version = report.platform.python_version
    if interpreter is not None and interpreter.version.startswith(f"{version}."):
        return interpreter.version
    return version if version.count(".") == 2 else ""
