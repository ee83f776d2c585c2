"""What a file name says, read cheaply: a page may hold ten thousand of them."""

from __future__ import annotations

import re
from functools import lru_cache

VARIANTS_SUFFIX = "-variants.json"
SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")
_RUNS = re.compile(r"[-_.]+")
_SAFE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
# PEP 440, Appendix B, without the optional spaces around it.
_VERSION = re.compile(
    r"v?(?:\d+!)?\d+(?:\.\d+)*"
    r"(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?\d*)?"
    r"(?:-\d+|[-_.]?(?:post|rev|r)[-_.]?\d*)?"
    r"(?:[-_.]?dev[-_.]?\d*)?"
    r"(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?",
    re.IGNORECASE | re.ASCII,
)


@lru_cache(maxsize=8192)
def canonical(name: str) -> str:
    """*name* as PEP 503 spells it."""
    return _RUNS.sub("-", name).lower()


@lru_cache(maxsize=65536)
def is_version(text: str) -> bool:
    """Whether *text* is a PEP 440 version."""
    return _VERSION.fullmatch(text) is not None


@lru_cache(maxsize=8192)
def is_name_of(text: str, project: str) -> bool:
    """Whether *text*, as a wheel's name spells it, is the canonical *project*."""
    return _SAFE.fullmatch(text) is not None and canonical(text) == project


def parse_wheel_name(filename: str) -> tuple[str, str] | None:
    """Canonical name and version of a wheel; ``None`` when it is none that any installer would take.

    Names with a part more belong to wheel variants (PEP 825), which only ``index.variants`` reads.
    """
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) == 6:
        if not parts[2][:1].isdigit():
            return None
    elif len(parts) != 5:
        return None
    if not filename.endswith(".whl") or not is_version(parts[1]) or not _SAFE.fullmatch(parts[0]):
        return None
    return canonical(parts[0]), parts[1]


def parse_sdist_name(filename: str, project: str) -> str | None:
    """The version of *project*'s source archive; ``None`` when it is another project's or something else."""
    for suffix in SDIST_SUFFIXES:
        if filename.endswith(suffix):
            break
    else:
        return None
    stem = filename[: -len(suffix)]
    # The name may hold dashes and so may an old version, so every split is tried, the usual one first.
    position = stem.rfind("-")
    while position > 0:
        if canonical(stem[:position]) == project and is_version(stem[position + 1 :]):
            return stem[position + 1 :]
        position = stem.rfind("-", 0, position)
    return None
