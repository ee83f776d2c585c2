"""A ``pyproject.toml`` given groups, sources and settings for the hardware it is to serve: text -> text.

The four layouts: Poetry's own tables; ``[project]`` with Poetry's tables; ``[dependency-groups]`` with what Poetry adds
to them; the standard alone, whose sources stand under ``[tool.accelinstall]``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from accelinstall.model.finding import Finding
from accelinstall.model.hardware import Environment
from accelinstall.model.project import MAIN, Project, Source, Wanted
from accelinstall.project.editing import TomlText, Value
from accelinstall.project.groups import hardware_groups
from accelinstall.project.parse import parse_project
from accelinstall.project.placing import Dependency, Placement, in_poetrys_notation, in_the_standards_notation
from accelinstall.project.requirement import canonical, parse_requirement
from accelinstall.values import dataclass

GROUP_NAMES: Mapping[Environment, str] = {
    "cuda": "ml-gpu",
    "cpu": "ml-cpu",
    "mps": "ml-mps",
    "rocm": "ml-rocm",
    "xpu": "ml-xpu",
    "edge": "edge",
}
_POETRY = ("tool", "poetry")
_OURS = ("tool", "accelinstall")


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """The edited file and what to say of it.

    :ivar groups: environment -> group.
    """

    after: bytes
    groups: Mapping[Environment, str]
    findings: tuple[Finding, ...] = ()


def movable_names(project: Project) -> tuple[str, ...]:
    """Canonical names in main, in hardware groups and in the others: what may be a framework to be placed.

    What is optional, or is a folder or an address of its own, stays where it is.
    """
    found = (item for group in project.groups for item in group.wanted)
    return tuple(dict.fromkeys(canonical(item.requirement.name) for item in found if _is_movable(item)))


def is_poetrys(data: Mapping[str, object]) -> bool:
    """Whether the file is one that Poetry works with."""
    tool, build = data.get("tool"), data.get("build-system")
    backend = build.get("build-backend") if isinstance(build, dict) else ""
    return bool(isinstance(tool, dict) and tool.get("poetry")) or str(backend).startswith("poetry.")


def initialised(
    raw: bytes,
    *,
    placements: Sequence[Placement],
    targets: Sequence[str],
    frameworks: Collection[str],
    kind: Callable[[str], str] = canonical,
    default: str = "torch",
    sources: Iterable[Source] = (),
) -> Initialised:
    """*raw* with a group per placement that holds the frameworks, their sources, and ``[tool.accelinstall]``.

    What is there already stays as it is, so the edit made twice is the edit made once.

    :param frameworks: canonical names to be placed and taken out of main.
    :param kind: two names of one kind are never asked for in one group.
    :param default: what the groups ask for where the project names no framework; empty for no groups then.
    :param sources: further sources the file is to declare, for whatever nothing else binds.
    :raises InvalidProject: when the file is wrong already.
    :raises NotEditable: when it cannot be edited byte by byte.
    """
    project = parse_project(raw, directory="")
    writer = _Writer(TomlText(raw), project=project, kind=kind)
    fresh = [Dependency(wanted=Wanted(requirement=parse_requirement(default)))] if default else []
    in_main = writer.dependencies(frameworks, groups=[MAIN])
    dependencies = in_main or writer.dependencies(frameworks, groups=writer.others) or fresh
    groups: dict[Environment, str] = {}
    for placement in placements:
        name = writer.group_for(placement.environment)
        # What another group asks for is a pattern for those that ask for nothing yet.
        has_own = not in_main and bool(writer.dependencies(frameworks, groups=[name]))
        if writer.fill(name, placement, [] if has_own else dependencies):
            groups[placement.environment] = name
    for source in (*writer.needed, *sources):
        writer.declare(source)
    writer.take_out_of_main(frameworks)
    writer.settle(targets, groups)
    served = [item for item in placements if item.environment in groups]
    findings = [*writer.findings, *(_what_poetry_cannot(served, dependencies, groups) if writer.poetry else ())]
    return Initialised(after=writer.text.render(), groups=groups, findings=tuple(findings))


def _is_movable(item: Wanted) -> bool:
    return not item.path and not item.requirement.url and "extra" not in str(item.requirement.marker or "")


class _Writer:
    """One edit under way."""

    def __init__(self, text: TomlText, *, project: Project, kind: Callable[[str], str]) -> None:
        self.text, self.project, self.kind = text, project, kind
        self.poetry = is_poetrys(text.data)
        self.standard = not self.poetry or bool(text.get("dependency-groups"))
        self.needed: list[Source] = []
        self.findings: list[Finding] = []

    # -- what is there ------------------------------------------------------------------------------------------------

    @property
    def others(self) -> tuple[str, ...]:
        """Every group but main, those for hardware first."""
        names = (*hardware_groups(self.project), *(group.name for group in self.project.groups))
        return tuple(name for name in dict.fromkeys(names) if name != MAIN)

    def dependencies(self, names: Collection[str], *, groups: Iterable[str]) -> list[Dependency]:
        """What *groups* ask of *names*; what an earlier group has one of its kind of is left out of a later one."""
        found: list[Dependency] = []
        for group in groups:
            known = {self.kind(item.key) for item in found}
            found += [item for item in self._of_group(group) if item.key in names and self.kind(item.key) not in known]
        return found

    def _of_group(self, name: str) -> list[Dependency]:
        group = self.project.group(name)
        wanted: dict[str, list[Wanted]] = {}
        for item in group.wanted if group else ():
            if _is_movable(item):
                wanted.setdefault(canonical(item.requirement.name), []).append(item)
        return [dependency for key, items in wanted.items() for dependency in self._as_written(name, key, items)]

    def _as_written(self, group: str, key: str, items: list[Wanted]) -> list[Dependency]:
        """*items* with the text or the table they were read from, where those say everything."""
        path = ("project", "dependencies") if group == MAIN else ("dependency-groups", group)
        texts = [text for text in self.text.get(*path) or () if isinstance(text, str) and _names(text, key)]
        entry = self._poetry_entry(group, key)
        if texts and entry is None and len(texts) == len(items):
            return [Dependency(wanted=item, text=text) for item, text in zip(items, texts, strict=True)]
        values = entry if isinstance(entry, list) else [entry] if entry else []
        if not texts and len(values) == len(items):
            return [Dependency(wanted=item, poetry=value) for item, value in zip(items, values, strict=True)]
        return [Dependency(wanted=item) for item in items]

    def _poetry_entry(self, group: str, key: str) -> object:
        path = self._poetry_table(group)
        table = self.text.get(*path) or {}
        return next((value for name, value in table.items() if canonical(name) == key), None)

    @staticmethod
    def _poetry_table(group: str) -> tuple[str, ...]:
        return (*_POETRY, "dependencies") if group == MAIN else (*_POETRY, "group", group, "dependencies")

    def group_for(self, environment: Environment) -> str:
        """The group that serves *environment*: the one there is, else one of the usual name."""
        written = self.project.settings.groups.get(environment)
        groups = hardware_groups(self.project)
        fitting = [name for name, served in groups.items() if environment in served]
        return written or (fitting[0] if fitting else GROUP_NAMES[environment])

    # -- what is written ----------------------------------------------------------------------------------------------

    def fill(self, group: str, placement: Placement, dependencies: Sequence[Dependency]) -> bool:
        """Every dependency that *group* does not have yet, in the notation it is written in; whether the group is."""
        known = self.project.group(group)
        kinds = {self.kind(canonical(item.requirement.name)) for item in known.wanted} if known else set()
        mine = [item for item in dependencies if placement.is_for(item)]
        missing = [item for item in mine if self.kind(canonical(placement.name_of(item))) not in kinds]
        self._compare(group, placement)
        if placement.source is not None and any(placement.source_of(item) == placement.source.name for item in missing):
            self.needed.append(placement.source)
        if known is None and not missing:
            return False
        if self.poetry and known is None:
            self.text.put((*_POETRY, "group", group, "optional"), True)
        written = group in (self.text.get("dependency-groups") or {})
        as_poetry = self.poetry and not written and (known is not None or not self.standard)
        for name, items in _by_name(missing, placement).items():
            if as_poetry:
                self._put_poetry(group, name, [in_poetrys_notation(item, placement) for item in items])
                continue
            for item in items:
                self.text.add(("dependency-groups", group), in_the_standards_notation(item, placement))
            if self.poetry and (source := placement.source_of(items[0])):
                self._put_poetry(group, name, [{"source": source}])
        return True

    def _compare(self, group: str, placement: Placement) -> None:
        """A word on what *group* already takes from another source than the target's."""
        known, source = self.project.group(group), placement.source
        for item in known.wanted if known else ():
            served = canonical(item.requirement.name) in placement.served
            if served and source is not None and item.source and item.source != source.name:
                self.findings.append(
                    Finding(
                        id="group-has-other-source",
                        level="warning",
                        message=f"`{group}` takes {item.requirement.name} from `{item.source}`, which is left as it "
                        f"is; the target asks for `{source.name}`",
                        hint=f'give it source = "{source.name}", or run accelinstall optimize --write on that machine',
                        where=item.where,
                    )
                )
                return

    def _put_poetry(self, group: str, name: str, tables: list[dict[str, Value]]) -> None:
        values: list[Value] = [_short(table) for table in tables]
        self.text.put((*self._poetry_table(group), name), values[0] if len(values) == 1 else values)

    def declare(self, source: Source) -> None:
        """*source*, unless its name is taken."""
        if any(known.name.lower() == source.name.lower() for known in self.project.sources):
            return
        table: dict[str, Value] = {"name": source.name, "url": source.url, "priority": source.priority}
        path = (*_POETRY, "source") if self.poetry else (*_OURS, "sources")
        if table not in (self.text.get(*path) or []):
            self.text.add_table(path, table)

    def take_out_of_main(self, names: Collection[str]) -> None:
        """Main without what the groups hold now."""
        main = self.project.group(MAIN)
        moved = {canonical(item.requirement.name) for item in main.wanted if _is_movable(item)} if main else set()
        moved &= set(names)
        kept = {canonical(item.requirement.name) for item in main.wanted if not _is_movable(item)} if main else set()
        texts = self.text.get("project", "dependencies") or []
        for number, text in reversed(list(enumerate(texts))):
            if isinstance(text, str) and any(_names(text, name) for name in moved) and not parse_requirement(text).url:
                self.text.drop(("project", "dependencies", number))
        for name in list(self.text.get(*_POETRY, "dependencies") or {}):
            if canonical(name) in moved - kept:
                self.text.drop((*_POETRY, "dependencies", name))

    def settle(self, targets: Sequence[str], groups: Mapping[Environment, str]) -> None:
        """``targets`` and ``groups`` of ``[tool.accelinstall]``, those that are there left alone."""
        known = self.text.get(*_OURS, "targets")
        if known is None:
            self.text.put((*_OURS, "targets"), list(targets))
        for target in targets:
            if target not in (self.text.get(*_OURS, "targets") or ()):
                self.text.add((*_OURS, "targets"), target)
        for environment, name in groups.items():
            if environment not in (self.text.get(*_OURS, "groups") or {}):
                self.text.put((*_OURS, "groups", environment), name)


def _names(text: str, key: str) -> bool:
    """Whether the PEP 508 *text* asks for *key*."""
    return canonical(parse_requirement(text).name) == key


def _by_name(items: Iterable[Dependency], placement: Placement) -> dict[str, list[Dependency]]:
    """Dependencies under the name they have in the group, several constraints of one together."""
    found: dict[str, list[Dependency]] = {}
    for item in items:
        found.setdefault(placement.name_of(item), []).append(item)
    return found


def _short(table: dict[str, Value]) -> Value:
    """A table that holds a version alone, as the version."""
    return table["version"] if table.keys() == {"version"} else table


def _what_poetry_cannot(
    placements: Sequence[Placement], dependencies: Sequence[Dependency], groups: Mapping[Environment, str]
) -> Iterator[Finding]:
    """One package from two sources, with nothing that tells the two apart; tried with Poetry 2.5.

    Two named sources end ``poetry lock``; a group that names none is given the other one's build.
    """
    for dependency in dependencies:
        mine = [item for item in placements if item.is_for(dependency)]
        for marker in dict.fromkeys(item.marker for item in mine):
            alike = {groups[item.environment]: item.source_of(dependency) for item in mine if item.marker == marker}
            named = [group for group, source in alike.items() if source]
            sources = {alike[group] for group in named}
            if len(sources) > 1:
                yield _poetry_finding(
                    "poetry-cannot-lock",
                    f"Poetry cannot lock this layout: {_listed(named)} take {dependency.name} from different sources; "
                    "`poetry check` accepts it, and accelinstall locks each target on its own",
                )
                return
            bare = [group for group in alike if group not in named]
            if sources and bare:
                yield _poetry_finding(
                    "poetry-shares-source",
                    f"Poetry takes {dependency.name} from `{sources.pop()}` for {_listed(bare)} too, which name no "
                    "source; accelinstall locks each target on its own",
                )
                return


def _poetry_finding(id: str, message: str) -> Finding:
    return Finding(id=id, level="warning", message=message, hint="accelinstall lock --all-targets")


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)
