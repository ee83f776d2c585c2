"""Mistakes that can be read past, each with the exact edit.

They are those of the layout that many guides print: an extra that TensorFlow does not have, a local label beside a
caret, a label that is not its source's build, and a framework's index that every package is asked from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from accelinstall.model.project import Group, Source, Wanted
from accelinstall.project.document import Document
from accelinstall.project.positions import Path
from accelinstall.project.requirement import canonical
from accelinstall.project.sources import DeclaredSource

# https://download.pytorch.org/whl/cu121: the build's name ends the path; nightly and test lie one folder deeper.
_BACKEND = re.compile(r"/whl/(?:nightly/|test/)?(?P<backend>cpu|cu\d{2,3}|rocm\d[\d.]*|xpu)(?:/|$)")
_TENSORFLOW = {"tensorflow", "tf-nightly"}
# TensorFlow's packages pull CUDA's libraries in through this extra only, since 2.14.
_TENSORFLOW_EXTRA = "and-cuda"
_EXACT = re.compile(r"\s*={0,3}\s*[^\s^~<>=!,|]+")
_WRONG_EXTRAS = {"cuda", "gpu", "and-gpu", "cuda11", "cuda12", "with-cuda"}


def note_mistakes(document: Document, *, groups: Sequence[Group], sources: Sequence[DeclaredSource]) -> None:
    """Note in *document* what the file would do other than its author expects."""
    by_name = {item.source.name: item.source for item in sources}
    for group in groups:
        for wanted in group.wanted:
            # Everything looked for shows in a label or in extras, so most requirements cost nothing here.
            if wanted.local or wanted.requirement.extras:
                written = _Written(document, wanted)
                _tensorflow_extra(document, written)
                _label_beside_range(document, written)
                _label_of_another_build(document, written, by_name.get(wanted.source or ""))
    for item in sources:
        _source_is_not_explicit(document, item)


def backend_in(url: str) -> str:
    """``cu121`` for ``https://download.pytorch.org/whl/cu121``; empty when the address names no build."""
    match = _BACKEND.search(url)
    return match["backend"] if match else ""


class _Written:
    """A requirement and the text it was read from, as far as that can be told."""

    def __init__(self, document: Document, wanted: Wanted) -> None:
        self.wanted = wanted
        self.name = canonical(wanted.requirement.name)
        self.version, self.is_poetry = _version_text(document, wanted)

    def edit(self, *, version: str, extras: Sequence[str]) -> str:
        """The line to write instead, in the notation of the file."""
        if not self.is_poetry:
            brackets = f"[{','.join(extras)}]" if extras else ""
            return f'"{self.wanted.requirement.name}{brackets}{version}"'
        parts = [f'version = "{version or "*"}"']
        if extras:
            parts.append("extras = [" + ", ".join(f'"{extra}"' for extra in extras) + "]")
        if self.wanted.source:
            parts.append(f'source = "{self.wanted.source}"')
        return f"{self.wanted.requirement.name} = {{ {', '.join(parts)} }}"


def _version_text(document: Document, wanted: Wanted) -> tuple[str, bool]:
    """(the constraint as written, whether in Poetry's notation)."""
    name = canonical(wanted.requirement.name)
    tables: list[Path] = [("tool", "poetry", "dependencies"), ("tool", "poetry", "dev-dependencies")]
    tables += [
        ("tool", "poetry", "group", group, "dependencies") for group in document.table("tool", "poetry", "group")
    ]
    for path in tables:
        for key, value in document.table(*path).items():
            if canonical(key) != name:
                continue
            many = isinstance(value, list)
            for number, item in enumerate(value if many else [value]):
                place = (*path, key, number) if many else (*path, key)
                if document.where(*place) == wanted.where:
                    text = item.get("version", "") if isinstance(item, dict) else item
                    return str(text), True
    return str(wanted.requirement.specifier), False


def _tensorflow_extra(document: Document, written: _Written) -> None:
    extras = {canonical(extra) for extra in written.wanted.requirement.extras}
    wrong = sorted(extras & _WRONG_EXTRAS)
    if written.name not in _TENSORFLOW or not wrong:
        return
    kept = sorted((extras - _WRONG_EXTRAS) | {_TENSORFLOW_EXTRA})
    document.finding(
        written.wanted.where,
        "unknown-extra",
        f"{written.name} has no extra `{wrong[0]}`, so the CUDA libraries stay away without a word; "
        f"the extra is called `{_TENSORFLOW_EXTRA}`",
        hint=f"write {written.edit(version=written.version, extras=kept)}",
    )


def _label_beside_range(document: Document, written: _Written) -> None:
    label = written.wanted.local
    if not label or not written.is_poetry or _EXACT.fullmatch(written.version):
        return
    plain = re.sub(r"\+[A-Za-z0-9._-]+", "", written.version)
    extras = sorted(written.wanted.requirement.extras)
    document.finding(
        written.wanted.where,
        "local-label-in-range",
        f"`{written.version}` puts the build label `+{label}` beside a range: to Poetry it is only part of the lower "
        f"bound, so every later release passes whatever its build; it is read here as the {label} build of `{plain}`",
        hint=f"write {written.edit(version=plain, extras=extras)} and let the source choose the build",
    )


def _label_of_another_build(document: Document, written: _Written, source: Source | None) -> None:
    label = written.wanted.local
    backend = backend_in(source.url) if source is not None else ""
    if not label or source is None or not backend or backend == label:
        return
    right = source.url.replace(f"/{backend}", f"/{label}")
    document.finding(
        written.wanted.where,
        "label-contradicts-source",
        f"`{written.name}` asks for the `+{label}` build, and its source `{source.name}` holds `+{backend}` builds "
        "only",
        hint=f'write url = "{right}" for the source `{source.name}`, or leave the label out',
        level="error",
    )


def _source_is_not_explicit(document: Document, item: DeclaredSource) -> None:
    source = item.source
    if source.kind != "index" or source.priority == "explicit" or not backend_in(source.url):
        return
    effect = (
        "every package is asked for there, and PyPI is left out"
        if source.priority == "primary"
        else "every package that PyPI lacks is asked for there"
    )
    document.finding(
        document.where(*item.path),
        "framework-source-not-explicit",
        f"the source `{source.name}` holds one framework's builds and is {source.priority}: {effect}",
        hint=f'add priority = "explicit" to the source `{source.name}`, and source = "{source.name}" to what it serves',
    )
