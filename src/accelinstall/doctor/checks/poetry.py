"""One Poetry everywhere, used as it is today."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from accelinstall.catalog.tooling import GoneCommand, load_tooling
from accelinstall.doctor.checks.registry import Remark, remark
from accelinstall.doctor.edits import Change, Insertion, Substitution
from accelinstall.doctor.evidence import POETRY_LOCK, PYPROJECT, Evidence
from accelinstall.doctor.facts import LATEST, Command, Fact, Variable
from accelinstall.doctor.reading.commands import is_install
from accelinstall.doctor.reading.shell import program
from accelinstall.model.finding import Level

_EXACT = re.compile(r"\d+(?:\.\d+){1,2}(?:[abrc]+\d+)?")
_PIN = re.compile(r"(?P<name>poetry(?:\[[^\]]*\])?)(?P<rest>(?P<sign>===|==|=|@)?.*)", re.IGNORECASE)


def agreed_poetry(evidence: Evidence) -> tuple[str, str]:
    """(the Poetry that every place should use, why).

    That of the lock, unless two places or more agree on another minor and none on the lock's: then the lock is what is
    odd.  Without a lock this machine's, else what most places pin, else the newest one known.
    """
    tooling = load_tooling()
    used = [fact.value for fact in _pins(evidence) if _EXACT.fullmatch(fact.value) and tooling.has_poetry(fact.value)]
    used += [evidence.local.poetry] if evidence.local.poetry else []
    common = Counter(used).most_common(1)[0][0] if used else ""
    if evidence.lock and evidence.lock.generator:
        minors = {tuple(_minor(version)) for version in used}
        if len(used) > 1 and len(minors) == 1 and tuple(_minor(evidence.lock.generator)) not in minors:
            return common, "is what every place uses"
        return evidence.lock.generator, "wrote poetry.lock"
    if evidence.local.poetry:
        return evidence.local.poetry, "is installed here"
    return (common, "is what most places pin") if common else (tooling.newest_poetry, "is the newest one known")


def check_versions(evidence: Evidence) -> Iterator[Remark]:
    """Places that take whatever comes, a release that does not exist, or another one than the rest."""
    agreed, why = agreed_poetry(evidence)
    tried = _tried(evidence)
    for fact in dict.fromkeys(_pins(evidence)):
        changes = _pinned(evidence, fact, agreed)
        hint = f"write {agreed}, which {why}"
        if fact.value == LATEST or not _EXACT.fullmatch(fact.value):
            what = "whatever Poetry is newest" if fact.value == LATEST else f"any Poetry {fact.value}"
            message = f"{fact.place} takes {what}"
            yield remark("poetry-unpinned", message, hint=hint, where=fact.where, changes=changes)
        elif not load_tooling().has_poetry(fact.value):
            message = f"{fact.place} asks for Poetry {fact.value}, which does not exist"
            yield remark("poetry-unknown-version", message, hint=hint, where=fact.where, changes=changes)
        elif fact.value != agreed and fact.place not in tried:
            level: Level = "error" if _minor(fact.value) != _minor(agreed) else "warning"
            message = f"{fact.place} uses Poetry {fact.value}, and {agreed} {why}"
            yield remark("poetry-differs", message, hint=hint, where=fact.where, level=level, changes=changes)
    here = evidence.local.poetry
    if here and here != agreed:
        message = f"Poetry here is {here}, and {agreed} {why}"
        yield remark("poetry-differs", message, hint=f"pipx install --force poetry=={agreed}", level="warning")
    writer = evidence.lock.generator if evidence.lock else ""
    if writer and _minor(writer) != _minor(agreed):
        message = f"{POETRY_LOCK} was written by Poetry {writer}, and {agreed} {why}"
        yield remark("poetry-differs", message, hint="poetry lock", where=f"{POETRY_LOCK}:1", level="warning")
    yield from _required(evidence, agreed, why)


def _required(evidence: Evidence, agreed: str, why: str) -> Iterator[Remark]:
    """``requires-poetry`` must allow the Poetry that is used."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    for fact in evidence.of("poetry"):
        if fact.place == PYPROJECT:
            try:
                allows = SpecifierSet(fact.value).contains(agreed, prereleases=True)
            except InvalidSpecifier:
                continue  # a caret: Poetry's own reading of it is not repeated here
            if not allows:
                message = f"requires-poetry is `{fact.value}`, and Poetry {agreed} {why}"
                yield remark("poetry-differs", message, hint=f"pipx install 'poetry{fact.value}'", where=fact.where)


def _pins(evidence: Evidence) -> Iterator[Fact]:
    return (fact for fact in evidence.of("poetry") if fact.place not in {POETRY_LOCK, PYPROJECT})


def _tried(evidence: Evidence) -> frozenset[str]:
    """Places that name the lock's minor and others too: they try several on purpose."""
    known: dict[str, set[str]] = {}
    for fact in _pins(evidence):
        known.setdefault(fact.place, set()).add(fact.value)
    agreed, _ = agreed_poetry(evidence)
    return frozenset(place for place, values in known.items() if len(values) > 1 and agreed in values)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _pinned(evidence: Evidence, fact: Fact, version: str) -> tuple[Change, ...]:
    """The edit that makes *fact* say *version*; empty where no edit is sure to mean that."""
    path, _, number = fact.where.rpartition(":")
    line = evidence.line(path, int(number))
    given = fact.written
    if re.fullmatch(r"(?:.*/)?python[\d.]*", given):
        return _swap(path, int(number), line, given, f"POETRY_VERSION={version} {given}", after=r"\|\s*(?:sudo\s+)?")
    if "/" in given:
        return _with_input(evidence, path, int(number), given, version)
    match = _PIN.fullmatch(given)
    if match and given != version:
        new = f"{match['name']}{match['sign'] or '=='}{version}"
        return _swap(path, int(number), line, given, new, after=r"(?:install|inject|upgrade|add)\b[^;&|]*?|^\s*")
    return _swap(path, int(number), line, given, version)


def _swap(path: str, number: int, line: str, old: str, new: str, *, after: str = "") -> tuple[Change, ...]:
    """*old* as a whole word of *line*: the only one, else the first that follows *after*."""
    word = rf"(?<![\w./-]){re.escape(old)}(?![\w.=\[-])"
    found = list(re.finditer(word, line))
    if len(found) > 1 and after:
        first = re.search(rf"(?:{after})['\"]?({word})", line)
        found = [match for match in found if first and match.start() == first.start(1)]
    if not found:
        return ()
    return (Substitution(path=path, line=number, column=found[0].start(), old=old, new=new),)


def _with_input(evidence: Evidence, path: str, number: int, action: str, version: str) -> tuple[Change, ...]:
    """A step's missing version, in the block style that most workflows have."""
    line = evidence.line(path, number)
    column = line.find("uses:")
    if column < 0 or "{" in line.partition("#")[0] or line[:column].strip(" -"):
        return ()
    key = "poetry-version" if "snok/" not in action.lower() else "version"
    blank = " " * column
    lines = evidence.texts[path].split("\n")
    for later in range(number, len(lines)):
        text = lines[later]
        if text.strip() and len(text) - len(text.lstrip()) < column:
            break
        if text.rstrip() == f"{blank}with:":
            child = lines[later + 1] if later + 1 < len(lines) else ""
            indent = child[: len(child) - len(child.lstrip())]
            return (Insertion(path=path, after=later + 1, text=f'{indent or blank + "  "}{key}: "{version}"'),)
        if text.startswith(f"{blank}with:"):
            return ()
    return (Insertion(path=path, after=number, text=f'{blank}with:\n{blank}  {key}: "{version}"'),)


def check_commands(evidence: Evidence) -> Iterator[Remark]:
    """Commands and options that the project's Poetry no longer takes; before that release they are right."""
    agreed = _numbers(agreed_poetry(evidence)[0])
    for command in evidence.reading.commands:
        names = program(command)
        words = _poetry_words(names)
        if not words:
            continue
        for row in load_tooling().gone:
            is_meant = row.command == words[0] and (not row.flag or row.flag in words)
            if is_meant and agreed >= _numbers(row.since):
                yield from _gone(evidence, command, row)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _poetry_words(names: tuple[str, ...]) -> tuple[str, ...]:
    """The words after ``poetry`` and its own options, as far as they stand before its command."""
    if names[:2] and re.fullmatch(r"python[\d.]*", names[0]) and names[1:3] == ("-m", "poetry"):
        names = names[2:]
    if not names or names[0] != "poetry":
        return ()
    rest = list(names[1:])
    while rest and rest[0].startswith("-"):
        takes_value = rest.pop(0) in {"-C", "--directory", "-P", "--project"}
        if takes_value and rest:
            rest.pop(0)
    return tuple(rest)


def _gone(evidence: Evidence, command: Command, row: GoneCommand) -> Iterator[Remark]:
    shown = f"poetry {row.command} {row.flag}".strip()
    if row.plugin:
        if _has_plugin(evidence, row.plugin, command.place):
            return
        hint = f"pip install {row.plugin}" if row.command == "export" else 'eval "$(poetry env activate)"'
        message = f"`{shown}` is no command of Poetry since {row.since} without the plugin {row.plugin}"
        yield remark("poetry-command-gone", message, hint=hint, where=command.where, level=row.level)
        return
    instead = " ".join(filter(None, ("poetry", row.renamed or row.command, row.becomes)))
    gone = "is deprecated" if row.level == "warning" else "is refused"
    where = f"{command.path}:{next(word.line for word in command.words if word.text == row.flag)}"
    yield remark(
        "poetry-command-gone",
        f"`{shown}` {gone} since Poetry {row.since}",
        hint=f"`{instead}`",
        where=where,
        level=row.level,
        changes=_rewritten(evidence, command, row),
    )


def _rewritten(evidence: Evidence, command: Command, row: GoneCommand) -> tuple[Change, ...]:
    changes: list[Change] = []
    for word in command.words:
        line = evidence.line(command.path, word.line)
        start = line.find("poetry") if word.line == command.line else 0
        if word.text == row.flag:
            match = re.compile(rf"(?<=[\s\"]){re.escape(row.flag)}(?=[\s\"'`;&|)\]]|$)").search(line, max(start, 0))
            if match is None or '",' in line:
                return ()  # the JSON form, or something odd
            column, old = match.start(), row.flag
            if not row.becomes and line[column - 1 : column] == " ":
                column, old = column - 1, " " + old
            changes.append(Substitution(path=command.path, line=word.line, column=column, old=old, new=row.becomes))
        elif word.text == row.command and row.renamed:
            match = re.compile(rf"(?<=\s){re.escape(row.command)}(?=\s|$)").search(line, max(start, 0))
            if match is None:
                return ()
            new = Substitution(
                path=command.path, line=word.line, column=match.start(), old=row.command, new=row.renamed
            )
            changes.append(new)
    return tuple(changes)


def _has_plugin(evidence: Evidence, plugin: str, place: str) -> bool:
    poetry = evidence.data.get("tool", {}).get("poetry", {})
    required = poetry.get("requires-plugins", {}) if isinstance(poetry, dict) else {}
    if plugin in required:
        return True
    for command in evidence.reading.commands:
        names = program(command)
        installs = is_install(names) or names[:3] == ("poetry", "self", "add")
        same_file = command.place.partition(":")[0] == place.partition(":")[0]
        if installs and same_file and any(text.startswith(plugin) for text in names):
            return True
    return False


def check_settings(evidence: Evidence) -> Iterator[Remark]:
    """``POETRY_*`` variables that nobody reads."""
    tooling = load_tooling()
    for one in evidence.reading.variables:
        name = one.name
        if not name.startswith("POETRY_") or name in tooling.poetry_variables:
            continue
        if name.startswith(tooling.poetry_prefixes) or _is_used(evidence, one):
            continue
        meant = tooling.mistaken.get(name) or _closest(name, tooling.poetry_variables)
        if not meant:
            continue
        message = f"`{name}` is none of Poetry's variables, so setting it does nothing"
        line = evidence.line(one.path, one.line)
        changes = _swap(one.path, one.line, line, name, meant) or _before_value(one, line, meant)
        where = f"{one.path}:{one.line}"
        yield remark("setting-without-effect", message, hint=f"`{meant}`", where=where, changes=changes)


def _before_value(one: Variable, line: str, meant: str) -> tuple[Change, ...]:
    match = re.search(rf"(?<![\w$]){re.escape(one.name)}(?=\s*[=:])", line)
    if match is None:
        return ()
    return (Substitution(path=one.path, line=one.line, column=match.start(), old=one.name, new=meant),)


def _is_used(evidence: Evidence, one: Variable) -> bool:
    """Whether the file, or a script beside it, reads the variable itself."""
    pattern = re.compile(rf"\$\{{?{one.name}\b|env\.{one.name}\b")
    return any(pattern.search(text) for path, text in evidence.texts.items() if not path.endswith(".lock"))


def _closest(name: str, known: frozenset[str]) -> str:
    import difflib

    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.9)
    return found[0] if found else ""
