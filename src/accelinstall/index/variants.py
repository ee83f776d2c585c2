"""Wheel variants on an index (PEP 825 as of schema 0.1.1, PEP 850 as of schema 0.2.0; both provisional).

Data only: what a metadata file says of provider plugins is not even read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from accelinstall.index.filenames import VARIANTS_SUFFIX, canonical
from accelinstall.index.links import Link, files_of
from accelinstall.model.index import IndexFile, VariantWheel
from accelinstall.model.variants import NULL_LABEL, Features, ReleaseVariants, split_label

# The drafts read here, and what the last of them is to become ("Schema": the last draft is promoted to 1.0.0, and
# semantic versioning holds from then on).
_KNOWN_FORMAT = re.compile(r"/v(?:0\.1|0\.2|1\.\d+)\.\d+\.json$", re.ASCII)
_NAME = re.compile(r"[a-z0-9_]+", re.ASCII)
_VALUE = re.compile(r"[a-z0-9_.]+", re.ASCII)


def variant_wheels(links: Iterable[Link], *, project: str, source: str, page: str) -> tuple[VariantWheel, ...]:
    """The links that are variant wheels of *project* (canonical), in page order, each with its release's metadata."""
    links = tuple(links)
    documents: dict[str, Link] = {}
    for link in links:
        name, _, version = link.filename.removesuffix(VARIANTS_SUFFIX).partition("-")
        if link.filename.endswith(VARIANTS_SUFFIX) and canonical(name) == project:
            documents.setdefault(version, link)
    found: list[VariantWheel] = []
    for link in links:
        tagged, label = split_label(link.filename)
        if label:
            plain = files_of([link._replace(filename=tagged)], project=project, source=source, page=page)
            found += (_labelled(file, link, label, documents.get(file.version)) for file in plain)
    return tuple(found)


def _labelled(file: IndexFile, link: Link, label: str, document: Link | None) -> VariantWheel:
    values = {item.name: getattr(file, item.name) for item in fields(IndexFile)}
    return VariantWheel(
        **{**values, "filename": link.filename},
        label=label,
        tagged=file.filename,
        properties_url=document.url if document else "",
        properties_sha256=document.sha256 if document else "",
    )


def parse_variants(body: bytes) -> ReleaseVariants:
    """What the bytes of a ``variants.json`` say.

    :raises ValueError: when they are no such document; the text says where.
    """
    try:
        document = _table(json.loads(body), "the document")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    schema = document.get("$schema")
    if not isinstance(schema, str):
        raise ValueError("`$schema` is no text")
    if not _KNOWN_FORMAT.search(schema):
        return ReleaseVariants(unknown_format=schema)
    priorities = _texts(
        _table(document.get("default-priorities"), "`default-priorities`").get("namespace"),
        "`default-priorities.namespace`",
        _NAME,
    )
    properties = {
        label: _properties(rows, f"`variants.{label}`")
        for label, rows in _table(document.get("variants"), "`variants`").items()
    }
    for label, namespaces in properties.items():
        unranked = sorted(namespaces.keys() - set(priorities))
        if unranked:
            raise ValueError(f"`{unranked[0]}` of variant `{label}` is not among `default-priorities.namespace`")
    if properties.get(NULL_LABEL):
        raise ValueError("the variant `null` has properties")
    return ReleaseVariants(priorities=priorities, properties=properties, static=_static(document))


def _properties(rows: object, where: str) -> dict[str, dict[str, frozenset[str]]]:
    found = {}
    for namespace, features in _table(rows, where).items():
        place = f"{where}.{_word(namespace, where)}"
        table = _table(features, place)
        values = {_word(name, place): frozenset(_texts(table[name], f"{place}.{name}", _VALUE)) for name in table}
        if values:
            found[namespace] = values
    return found


def _static(document: Mapping[str, Any]) -> dict[str, Features]:
    found = {}
    for namespace, provider in _table(document.get("providers", {}), "`providers`").items():
        where = f"`providers.{namespace}`"
        table = _table(_table(provider, where).get("static-properties", {}), f"{where}.static-properties")
        values = {name: _texts(table[name], f"{where}.static-properties.{name}", _VALUE) for name in table}
        order = tuple(values)
        if len(order) > 1:
            # The keys of a JSON object have no order of their own.
            order = _texts(provider.get("feature-order"), f"{where}.feature-order", _NAME)
        if not values.keys() <= set(order):
            raise ValueError(f"{where}.feature-order leaves a feature out")
        if values:
            found[namespace] = tuple((name, values[name]) for name in order if name in values)
    return found


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no object")
    return value


def _texts(value: object, where: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    texts = tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
    if not texts or len(set(texts)) != len(value) or not all(map(pattern.fullmatch, texts)):  # type: ignore[arg-type]
        raise ValueError(f"{where} is no list of different names")
    return texts


def _word(text: str, where: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"`{text}` in {where} is no name")
    return text
