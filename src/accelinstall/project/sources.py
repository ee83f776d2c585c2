"""Package indexes that a project declares, with Poetry's priorities."""

from __future__ import annotations

import re
from collections.abc import Sequence

from accelinstall.model.project import Priority, Source, Wanted
from accelinstall.project.document import Document
from accelinstall.project.errors import Problem, did_you_mean
from accelinstall.project.positions import Path
from accelinstall.project.requirement import with_url
from accelinstall.values import dataclass, replace

DEFAULT_INDEX = "pypi"
_PRIORITIES: tuple[Priority, ...] = ("primary", "supplemental", "explicit")
# Poetry < 2: `default` replaced PyPI, as any primary source does now; `secondary` came after it.
_LEGACY: dict[str, Priority] = {"default": "primary", "secondary": "supplemental"}
# A bracket holds an IPv6 address; anything else in brackets is a slip.
_ADDRESS = re.compile(r"(?:https?://(?:\[[0-9a-fA-F:.]+\]|[^\[\]/])|file:/)", re.IGNORECASE)
_KEYS = ("name", "url", "priority", "links", "indexed", "default", "secondary")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSource:
    """A source and where it stands."""

    source: Source
    path: Path


def read_sources(document: Document, path: Path) -> list[DeclaredSource]:
    """The array of source tables at *path*, in file order.

    A source called ``pypi`` has no URL: it stands for the default index, whatever pip's configuration says it is.
    """
    declared: list[DeclaredSource] = []
    for number in range(len(document.array(*path))):
        place = (*path, number)
        if not document.table(*place):
            continue
        source, secret = _read_source(document, place)
        if source is None:
            continue
        if any(other.source.name.lower() == source.name.lower() for other in declared):
            document.problem(place, f"the source `{source.name}` is declared twice")
            continue
        declared.append(DeclaredSource(source=source, path=place))
        if secret:
            _note_secret(document, source, document.where(*place, "url"))
    return declared


def uses_default_index(sources: Sequence[Source]) -> bool:
    """Whether the default index is asked for every name.

    Poetry: any primary source switches it off, unless a source called ``pypi`` is listed, whose priority then holds.
    """
    listed = next((source for source in sources if source.name == DEFAULT_INDEX), None)
    if listed is not None:
        return listed.priority != "explicit"
    return all(source.priority != "primary" for source in sources)


def bind(wanted: Wanted, sources: Sequence[Source], *, has_default_index: bool) -> Wanted | Problem:
    """*wanted* with its source named as declared, or why that source cannot be meant."""
    if wanted.source is None:
        return wanted
    for source in sources:
        if source.name.lower() == wanted.source.lower():
            return replace(wanted, source=source.name)
    if wanted.source.lower() == DEFAULT_INDEX and has_default_index:
        return replace(wanted, source=DEFAULT_INDEX)
    names = [source.name for source in sources]
    return Problem(
        where=wanted.where,
        message=f"`{wanted.requirement.name}` is bound to the source `{wanted.source}`, which is not declared"
        + did_you_mean(wanted.source, names),
        hint=f'[[tool.poetry.source]]\nname = "{wanted.source}"\nurl = "https://..."\npriority = "explicit"',
    )


def without_secret(url: str) -> tuple[str, bool]:
    """(*url* without its user and password, whether it had a password or a token)."""
    if "@" not in url:
        return url, False
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, False
    credentials, _, host = parts.netloc.rpartition("@")
    # A variable that the environment fills in is no secret.
    is_secret = bool(credentials) and not re.fullmatch(r"(?:\$\{\w+\}|\$\w+)?(?::(?:\$\{\w+\}|\$\w+)?)?", credentials)
    return urlunsplit(parts._replace(netloc=host)), is_secret


def without_url_secret(wanted: Wanted) -> tuple[Wanted, bool]:
    """(*wanted* with the user and password taken out of its direct reference, whether there was a secret).

    An ``ssh`` address keeps its user: it is part of the place.
    """
    url = wanted.requirement.url or ""
    if "@" not in url or not re.match(r"(?:\w+\+)?https?://", url):
        return wanted, False
    try:
        clean, is_secret = without_secret(url)
    except ValueError:
        return wanted, False
    return (
        (wanted, False)
        if clean == url
        else (replace(wanted, requirement=with_url(wanted.requirement, clean)), is_secret)
    )


def is_address(url: str) -> bool:
    """Whether *url* is an address that an index can stand at: ``https``, ``http`` or ``file``."""
    return _ADDRESS.match(url) is not None


def _read_source(document: Document, path: Path) -> tuple[Source | None, bool]:
    for key in document.table(*path):
        if key not in _KEYS:
            document.problem((*path, key), f"a source has no key `{key}`{did_you_mean(key, _KEYS)}")
    name, url = document.string(*path, "name"), document.string(*path, "url")
    if not name:
        document.problem(path, "a source has no name", hint='name = "pytorch-cpu"')
        return None, False
    priority = _priority(document, path)
    if name.lower() == DEFAULT_INDEX:
        if url:
            document.problem(
                (*path, "url"),
                f"the source `{name}` is the default index and takes no url",
                hint="remove the url, or give the source another name",
            )
        return Source(name=DEFAULT_INDEX, url="", priority=priority), False
    if not url:
        document.problem(path, f"the source `{name}` has no url", hint='url = "https://..."')
        return None, False
    try:
        clean, is_secret = without_secret(url)
    except ValueError:
        clean, is_secret = "", False
    if not is_address(clean):
        document.problem((*path, "url"), f"the url of the source `{name}` is not an https, http or file address")
        return None, False
    if clean != url:
        document.logins.append(url)
    links = document.flag(*path, "links")
    return Source(name=name, url=clean, priority=priority, kind="find-links" if links else "index"), is_secret


def _priority(document: Document, path: Path) -> Priority:
    text = document.string(*path, "priority").lower()
    for legacy, priority in _LEGACY.items():
        if text == legacy or (not text and document.flag(*path, legacy)):
            return priority
    for priority in _PRIORITIES:
        if text == priority:
            return priority
    if text:
        document.problem(
            (*path, "priority"),
            f"`{text}` is not a priority{did_you_mean(text, _PRIORITIES)}",
            hint="write primary, supplemental or explicit",
        )
    return "primary"


def _note_secret(document: Document, source: Source, where: str) -> None:
    variable = re.sub(r"[^A-Za-z0-9]", "_", source.name).upper()
    document.finding(
        where,
        "secret-in-source-url",
        f"the url of the source `{source.name}` holds a password that everybody with the file can read",
        hint=f'write url = "{source.url}", replace the password, and run '
        f"`poetry config http-basic.{source.name} USER PASSWORD` or set POETRY_HTTP_BASIC_{variable}_USERNAME "
        f"and POETRY_HTTP_BASIC_{variable}_PASSWORD",
    )
