"""What setup.py, setup.cfg and a Pipfile with its lock ask for, where it is written out; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any

from accelinstall.migration.ledger import Row
from accelinstall.migration.naming import group_of
from accelinstall.migration.reading import row_of
from accelinstall.model.project import MAIN
from accelinstall.project.requirements import LogicalLine
from accelinstall.values import dataclass, field

# Extras of a package that are groups by another name.
_TOOLING = ("dev", "test", "docs", "lint")


@dataclass(slots=True, kw_only=True)
class Stated:
    """What one file says.

    :ivar lines: (line in the notation of requirements files, group).
    :ivar locked: pins, likewise.
    :ivar rows: of what cannot be told without running something.
    """

    lines: list[tuple[LogicalLine, str]] = field(default_factory=list)
    locked: list[LogicalLine] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    requires_python: str = ""

    def ask(self, path: str, number: int, text: str, group: str = MAIN) -> None:
        """One requirement, perhaps of an extra."""
        line = LogicalLine(path=path, number=number, text=text)
        if group != MAIN and group_of(f"{group}.txt") not in (MAIN, *_TOOLING):
            self.rows.append(row_of(line, "needs-human", f"of the extra `{group}`: extras belong to the package"))
        else:
            self.lines.append((line, MAIN if group == MAIN else group_of(f"{group}.txt")))


def read_setup_cfg(text: str, *, path: str = "setup.cfg") -> Stated:
    """``install_requires``, ``extras_require`` and ``python_requires`` of a declarative setup.

    :raises ValueError: when it is no such file.
    """
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text.removeprefix("\ufeff"))
    except configparser.Error as error:
        raise ValueError(str(error).splitlines()[0]) from None
    stated = Stated(requires_python=parser.get("options", "python_requires", fallback="").strip())
    for requirement in _listed(parser.get("options", "install_requires", fallback="")):
        stated.ask(path, _line_of(text, requirement), requirement)
    if parser.has_section("options.extras_require"):
        for extra, value in parser.items("options.extras_require"):
            for requirement in _listed(value):
                stated.ask(path, _line_of(text, requirement), requirement, extra)
    return stated


def read_setup_py(text: str, *, path: str = "setup.py") -> Stated:
    """The same of a ``setup(...)`` call, where its arguments are written out; what is computed needs a human.

    :raises ValueError: when it is no Python.
    """
    try:
        tree = ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"it is no Python: {error}") from None
    named = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    stated = Stated()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _name(call.func) == "setup":
            for keyword in call.keywords:
                _keyword(keyword, named, stated, path)
    return stated


def _keyword(keyword: ast.keyword, named: dict[str, ast.expr], stated: Stated, path: str) -> None:
    if keyword.arg not in ("install_requires", "extras_require", "python_requires"):
        return
    value = named.get(keyword.value.id, keyword.value) if isinstance(keyword.value, ast.Name) else keyword.value
    if keyword.arg == "python_requires" and isinstance(value, ast.Constant):
        stated.requires_python = str(value.value)
        return
    lists = [(MAIN, value)]
    if keyword.arg == "extras_require" and isinstance(value, ast.Dict):
        lists = [(str(getattr(key, "value", "")), item) for key, item in zip(value.keys, value.values, strict=True)]
    for group, found in lists:
        texts = found.elts if isinstance(found, (ast.List, ast.Tuple)) else [found]
        for node in texts:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and keyword.arg != "python_requires":
                for requirement in _listed(node.value):
                    stated.ask(path, node.lineno, requirement, group)
            else:
                line = LogicalLine(path=path, number=node.lineno, text=f"{keyword.arg}={ast.unparse(node)}")
                stated.rows.append(row_of(line, "needs-human", "computed when setup.py runs, which it does not here"))


def read_pipfile(text: str, *, path: str = "Pipfile") -> Stated:
    """Packages, sources and the Python of a Pipfile.

    :raises ValueError: when it is no TOML.
    """
    import tomllib

    document = tomllib.loads(text.removeprefix("\ufeff"))
    version = _table(document, "requires").get("python_version") or _table(document, "requires").get(
        "python_full_version"
    )
    stated = Stated(requires_python=f">={version}" if version else "")
    for number, source in enumerate(document.get("source", []) if isinstance(document.get("source"), list) else []):
        if isinstance(source, dict) and isinstance(source.get("url"), str):
            option = "--extra-index-url" if number else "--index-url"
            line = LogicalLine(path=path, number=_line_of(text, source["url"]), text=f"{option} {source['url']}")
            stated.lines.append((line, MAIN))
    for table, group in (("packages", MAIN), ("dev-packages", "dev")):
        for name, value in _table(document, table).items():
            number = _line_of(text, name, after=f"[{table}]")
            stated.lines.append((LogicalLine(path=path, number=number, text=_pip_text(name, value)), group))
    return stated


def read_pipfile_lock(text: str, *, path: str = "Pipfile.lock") -> Stated:
    """The versions of a Pipfile.lock; what it holds without one stands in the Pipfile.

    :raises ValueError: when it is no JSON object.
    """
    import json

    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    lines: dict[str, list[int]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        opened = re.match(r'\s*"([^"]+)"\s*:\s*\{', line)
        if opened:
            lines.setdefault(opened[1], []).append(number)
    stated = Stated()
    for table in ("default", "develop"):
        for name, value in _table(document, table).items():
            number = lines[name].pop(0) if lines.get(name) else 1
            version = value.get("version") if isinstance(value, dict) else None
            if isinstance(version, str):
                stated.locked.append(LogicalLine(path=path, number=number, text=f"{name}{version}"))
    return stated


def _pip_text(name: str, value: Any) -> str:
    """A Pipfile's entry in the notation of requirements files."""
    if isinstance(value, str):
        return name if value.strip() == "*" else f"{name}{value}"
    if not isinstance(value, dict):
        return f"{name} {value!r}"
    extras = f"[{','.join(map(str, value['extras']))}]" if isinstance(value.get("extras"), list) else ""
    editable = "-e " if value.get("editable") else ""
    if "path" in value:
        return f"{editable}{value['path']}{extras}"
    marker = f" ; {value['markers']}" if value.get("markers") else ""
    if "git" in value:
        reference = f"@{value['ref']}" if value.get("ref") else ""
        return f"{editable}git+{value['git']}{reference}#egg={name}{extras}".replace("git+git+", "git+")
    version = str(value.get("version", "*"))
    return f"{name}{extras}{'' if version == '*' else version}{marker}"


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _listed(text: str) -> Iterator[str]:
    """The requirements of a multi-line value, comments off."""
    lines: Iterable[str] = text.splitlines() or [text]
    cleaned = (re.sub(r"(?:^|\s)#.*$", "", line).strip() for line in lines)
    return (line for line in cleaned if line)


def _line_of(text: str, sought: str, *, after: str = "") -> int:
    """The number of the line that *sought* stands in; 1 where it does not stand there so."""
    start = max(text.find(after), 0) if after else 0
    place = text.find(sought, start)
    return text.count("\n", 0, place) + 1 if place >= 0 else 1


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
