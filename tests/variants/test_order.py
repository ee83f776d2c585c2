"""The order of PEP 825, by value."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall.model.variants import ReleaseVariants, VariantSupport
from accelinstall.resolution.variants import rank_variant

SUPPORT = VariantSupport(
    namespaces=(
        ("cpu", (("level", ("v3", "v2", "v1")), ("vector", ("on",)))),
        ("gpu", (("driver", ("13", "12")), ("arch", ("90", "80")))),
    )
)


def release(variants, *priorities, static=None):
    properties = {
        label: {name: {feature: frozenset(values) for feature, values in rows.items()} for name, rows in spaces.items()}
        for label, spaces in variants.items()
    }
    return ReleaseVariants(priorities=priorities, properties=properties, static=static or {})


def order(variants, *priorities, static=None):
    """Labels that fit, best first."""
    content = release(variants, *priorities, static=static)
    ranks = {label: rank_variant(label, content, SUPPORT) for label in variants}
    return sorted((label for label in variants if ranks[label]), key=ranks.__getitem__)


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ({"a": {"cpu": {"level": ["v1"]}}, "b": {"cpu": {"level": ["v3"]}}, "c": {"cpu": {"level": ["v2"]}}}, "bca"),
        # One supported value is enough, and the best of them counts.
        ({"a": {"cpu": {"level": ["v2"]}}, "b": {"cpu": {"level": ["v1", "v3", "v9"]}}}, "ba"),
        # Every feature must have one.
        ({"a": {"cpu": {"level": ["v3"], "vector": ["off"]}}, "b": {"cpu": {"level": ["v1"]}}}, "b"),
        ({"a": {"cpu": {"level": ["v4"]}}, "b": {"cpu": {"cache": ["on"]}}, "c": {"tpu": {"level": ["v1"]}}}, ""),
        # The namespace counts before the value, the feature before the value.
        ({"a": {"cpu": {"level": ["v3"]}}, "b": {"gpu": {"arch": ["80"]}}}, "ba"),
        ({"a": {"cpu": {"vector": ["on"]}}, "b": {"cpu": {"level": ["v1"]}}}, "ba"),
        # Alike as far as the shorter goes: more is better, and null is the shortest.
        ({"a": {"gpu": {"driver": ["12"]}}, "b": {"gpu": {"driver": ["12"]}, "cpu": {"level": ["v1"]}}}, "ba"),
        ({"null": {}, "a": {"cpu": {"vector": ["on"]}}}, ["a", "null"]),
        # The order in which a variant lists its properties does not matter.
        ({"a": {"cpu": {"vector": ["on"], "level": ["v1"]}}, "b": {"cpu": {"level": ["v2"]}}}, "ba"),
        # Equal properties: by label.
        ({"b": {"cpu": {"level": ["v2"]}}, "a": {"cpu": {"level": ["v2"]}}}, "ab"),
    ],
)
def test_variants_stand_in_the_order_of_the_standard(variants, expected):
    assert order(variants, "gpu", "cpu", "tpu") == list(expected)


def test_the_package_says_which_namespace_counts_more():
    variants = {"a": {"cpu": {"level": ["v3"]}}, "b": {"gpu": {"arch": ["80"]}}}
    assert order(variants, "cpu", "gpu") == ["a", "b"]


def test_static_properties_are_supported_everywhere_in_the_order_of_the_file():
    variants = {
        "a": {"blas": {"library": ["mkl"]}},
        "b": {"blas": {"library": ["openblas"]}},
        "c": {"blas": {"library": ["x"]}},
    }
    assert order(variants, "blas", static={"blas": (("library", ("openblas", "mkl")),)}) == ["b", "a"]


def test_null_fits_though_no_file_lists_it_and_other_labels_do_not():
    assert rank_variant("null", release({}), VariantSupport()) is not None
    assert rank_variant("other", release({}), VariantSupport()) is None


values = st.lists(st.sampled_from(["v1", "v2", "v3", "on", "12", "13", "80", "90", "?"]), min_size=1, unique=True)
features = st.dictionaries(st.sampled_from(["level", "vector", "driver", "arch"]), values, min_size=1)
properties = st.dictionaries(st.sampled_from(["cpu", "gpu"]), features, min_size=1)


@given(variants=st.dictionaries(st.sampled_from("abcdef"), properties), priorities=st.permutations(["cpu", "gpu"]))
def test_the_order_is_total_and_feature_by_feature(variants, priorities):
    content = release({**variants, "null": {}}, *priorities)
    fitting = {label: rank for label in content.properties if (rank := rank_variant(label, content, SUPPORT))}
    assert len(set(fitting.values())) == len(fitting)
    assert max(fitting, key=fitting.__getitem__) == "null"
    for one, other in itertools.permutations(fitting, 2):
        # The comparison of PEP 825's step 7, written as it stands there.
        left, right = _sorted_keys(content, one), _sorted_keys(content, other)
        expected = next((a < b for a, b in zip(left, right, strict=False) if a != b), None)
        if expected is None:
            expected = len(left) > len(right) if len(left) != len(right) else one < other
        assert (fitting[one] < fitting[other]) is expected


def _sorted_keys(content, label):
    keys = []
    for namespace, rows in content.properties[label].items():
        supported = SUPPORT.features(namespace)
        for feature, wanted in rows.items():
            names = [name for name, _ in supported]
            known = supported[names.index(feature)][1]
            keys.append(
                (content.priorities.index(namespace), names.index(feature), min(map(known.index, set(known) & wanted)))
            )
    return sorted(keys)
