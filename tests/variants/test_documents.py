"""``variants.json``: any bytes are a value or a ``ValueError`` that says where."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accelinstall.index.variants import parse_variants
from accelinstall.model.variants import ReleaseVariants
from tests.variants.releases import SCHEMA, document

PEP_825 = "https://variants-schema.wheelnext.dev/peps/825/v0.1.1.json"


def parsed(content):
    return parse_variants(json.dumps(content).encode())


def test_a_document_is_read_whole():
    found = parsed(document({"fast": {"x86_64": {"level": ["v3", "v4"]}}, "null": {}}, ["x86_64", "blas"]))
    assert found == ReleaseVariants(
        priorities=("x86_64", "blas"),
        properties={"fast": {"x86_64": {"level": frozenset({"v3", "v4"})}}, "null": {}},
        static={"blas": (("threads", ("on",)), ("library", ("openblas", "mkl")))},
    )


@pytest.mark.parametrize(
    ("schema", "is_known"),
    [
        (PEP_825, True),
        (SCHEMA, True),
        ("https://packaging.python.org/schemas/variant/v1.3.0.json", True),
        ("https://variants-schema.wheelnext.dev/v0.0.3.json", False),
        ("https://packaging.python.org/schemas/variant/v2.0.0.json", False),
        ("", False),
    ],
)
def test_a_format_of_an_unknown_version_is_not_guessed_at(schema, is_known):
    content = document({"null": {}}, ["x86_64"], schema=schema)
    assert parsed(content).unknown_format == ("" if is_known else schema)
    assert bool(parsed(content).priorities) is is_known


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"$schema": 1}, "`$schema` is no text"),
        ({"default-priorities": {}}, "`default-priorities.namespace` is no list of different names"),
        ({"default-priorities": {"namespace": ["a", "a"]}}, "`default-priorities.namespace` is no list"),
        ({"variants": []}, "`variants` is no object"),
        ({"variants": {"a": {"x86_64": {"level": []}}}}, "`variants.a`.x86_64.level is no list"),
        ({"variants": {"a": {"x86_64": {"level": ["V3"]}}}}, "`variants.a`.x86_64.level is no list"),
        ({"variants": {"a": {"x86_64": {"le-vel": ["v3"]}}}}, "`le-vel` in `variants.a`.x86_64 is no name"),
        ({"variants": {"a": {"gpu": {"level": ["v3"]}}}}, "`gpu` of variant `a` is not among"),
        ({"variants": {"null": {"x86_64": {"level": ["v3"]}}}}, "the variant `null` has properties"),
        ({"providers": {"x86_64": {"static-properties": {"a": ["1"], "b": ["2"]}}}}, "feature-order is no list"),
        (
            {"providers": {"x86_64": {"static-properties": {"a": ["1"], "b": ["2"]}, "feature-order": ["a"]}}},
            "feature-order leaves a feature out",
        ),
    ],
)
def test_what_the_standard_forbids_is_refused_with_its_place(change, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        parsed({**document({}, ["x86_64"]), **change})


names = st.sampled_from(["x86_64", "nvidia", "level", "null", "a", "static-properties", "feature-order", "namespace"])
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
keys = st.sampled_from(["default-priorities", "variants", "providers"])


@given(
    body=st.binary() | st.dictionaries(keys, junk).map(lambda rows: json.dumps({"$schema": SCHEMA, **rows}).encode())
)
@example(body=b"[" * 100_000)
@example(body=b'{"$schema": NaN}')
@example(body=json.dumps(document({"a": {}}, ["x86_64"])).encode("utf-16"))
def test_any_bytes_are_a_value_or_an_error_of_their_own(body):
    try:
        found = parse_variants(body)
    except ValueError:
        return
    for spaces in found.properties.values():
        assert spaces.keys() <= set(found.priorities)
        assert all(wanted for rows in spaces.values() for wanted in rows.values())
