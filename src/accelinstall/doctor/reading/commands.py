"""What shell commands tell of Poetry, Python, CUDA and packages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from accelinstall.doctor.facts import LATEST, Command, Fact, Word
from accelinstall.doctor.reading.dockerfile import expanded
from accelinstall.doctor.reading.shell import program

_INSTALLER = "install.python-poetry.org"
_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?(?P<sign>===|==|=|@|~=|>=|<=|!=|>|<)?(?P<version>[^;\s]*)"
)
_INDEX = re.compile(r"/whl/(?:nightly/)?cu(\d+)(\d)(?=/|$)")
_PYTHON_PACKAGE = re.compile(r"python(3\.\d+)(?:-(?:venv|dev|distutils|full))?(?:=\S+)?")
_INSTALLERS = frozenset(("pip", "pip3", "pipx", "uv", "conda", "mamba", "micromamba"))


def command_facts(commands: Iterable[Command], variables: Mapping[str, str]) -> Iterator[Fact]:
    """What *commands* pin or install, variables filled in where they are known."""
    for command in commands:
        words = command.words
        texts = command.texts
        yield from _indexes(command)
        if any(_INSTALLER in text for text in texts):
            yield from _from_installer(command, variables)
            continue
        names = program(command)
        if not names:
            continue
        if (names[0] in {"apt-get", "apt", "apk", "dnf", "yum", "microdnf"} and "install" in names) or names[:2] == (
            "apk",
            "add",
        ):
            yield from _from_system(command)
        elif is_install(names):
            for word in words:
                yield from _pinned(command, word, variables)
        elif names[:3] == ("poetry", "self", "update"):
            version = next((text for text in names[3:] if text[:1].isdigit()), LATEST)
            yield Fact(fact="poetry", place=command.place, value=version, where=command.where)


def is_install(names: tuple[str, ...]) -> bool:
    """Whether a program's words install packages by name: pip, ``python -m pip``, pipx, uv, conda."""
    if not names:
        return False
    if re.fullmatch(r"python[\d.]*", names[0]) and names[1:2] == ("-m",):
        names = names[2:]
    if not names or (names[0] not in _INSTALLERS and not re.fullmatch(r"pip[\d.]+", names[0])):
        return False
    return any(verb in names[1:4] for verb in ("install", "inject", "upgrade"))


def _pinned(command: Command, word: Word, variables: Mapping[str, str]) -> Iterator[Fact]:
    match = _PIN.fullmatch(word.text)
    if match is None or word.text.startswith("-"):
        return
    name = re.sub(r"[-_.]+", "-", match["name"]).lower()
    where = f"{command.path}:{word.line}"
    if name == "poetry":
        value = _version(match, variables)
        if value:
            yield Fact(fact="poetry", place=command.place, value=value, where=where, given=word.text)
    elif match["sign"] in {"==", "==="} and match["version"]:
        version = expanded(match["version"], variables)
        if version and "*" not in version:
            yield Fact(fact=f"package:{name}", place=command.place, value=version, where=where, given=word.text)


def _version(match: re.Match[str], variables: Mapping[str, str]) -> str:
    """What a pin of Poetry means; empty when a variable in it is not known here, or is a place of its own."""
    if not match["sign"]:
        return LATEST
    version = match["version"]
    if "$" in version:
        # The variable's own line is the fact; without one nobody here knows.
        return ""
    return version if match["sign"] in {"==", "===", "=", "@"} else match["sign"] + version


def _from_installer(command: Command, variables: Mapping[str, str]) -> Iterator[Fact]:
    """Poetry's own installer, which takes ``--version``, ``POETRY_VERSION``, or whatever is newest."""
    words = command.words
    for number, word in enumerate(words):
        text = word.text
        if text == "--version" and number + 1 < len(words):
            text, word = f"--version={words[number + 1].text}", words[number + 1]
        for prefix in ("--version=", "POETRY_VERSION="):
            if text.startswith(prefix):
                value = text.removeprefix(prefix)
                if "$" not in value:
                    where = f"{command.path}:{word.line}"
                    yield Fact(fact="poetry", place=command.place, value=value, where=where, given=value)
                return
    # The installer run by python, not a download that somebody checks by hand.
    runs = any(re.fullmatch(r"(?:.*/)?python[\d.]*", word.text) for word in words)
    if runs and not variables.get("POETRY_VERSION"):
        python = next(word for word in words if re.fullmatch(r"(?:.*/)?python[\d.]*", word.text))
        where = f"{command.path}:{python.line}"
        yield Fact(fact="poetry", place=command.place, value=LATEST, where=where, given=python.text)


def _from_system(command: Command) -> Iterator[Fact]:
    for word in command.words:
        where = f"{command.path}:{word.line}"
        if word.text in {"python3-poetry", "py3-poetry", "poetry"}:
            yield Fact(fact="poetry", place=command.place, value=LATEST, where=where)
        elif match := _PYTHON_PACKAGE.fullmatch(word.text):
            yield Fact(fact="python", place=command.place, value=match[1], where=where)


def _indexes(command: Command) -> Iterator[Fact]:
    for word in command.words:
        if match := _INDEX.search(word.text):
            where = f"{command.path}:{word.line}"
            yield Fact(fact="cuda", place=command.place, value=f"{match[1]}.{match[2]}", where=where)
