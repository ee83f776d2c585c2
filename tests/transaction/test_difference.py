"""The laws of differences, and the rows that users care about."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from accelinstall.model.installation import (
    Install,
    InstalledDistribution,
    Inventory,
    Remove,
    Replace,
    Transaction,
)
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target
from accelinstall.transaction import PROTECTED, apply, diff, is_same

TARGET = Target(environment="cpu", backend="cpu", platform="linux-x86_64", python="cp311")
NAMES = ["torch", "numpy", "pip", "setuptools", "idna", "jinja2", "nvidia-nccl-cu13"]
VERSIONS = ["1.0", "2.0", "2.0+cpu", "2.1rc1"]
HASHES = ["", "a" * 64, "b" * 64]


def installed(name: str, version: str, sha256: str = "", dist_info: str = "") -> InstalledDistribution:
    return InstalledDistribution(name=name, version=version, sha256=sha256, dist_info=dist_info)


def locked(name: str, version: str, sha256: str = "a" * 64) -> LockedPackage:
    return LockedPackage(name=name, version=version, filename=f"{name}-{version}-py3-none-any.whl", sha256=sha256)


def lock(*packages: LockedPackage) -> Lock:
    return Lock(target=TARGET, packages=packages)


def inventory(*distributions: InstalledDistribution) -> Inventory:
    return Inventory(distributions=distributions)


distributions = st.builds(
    installed,
    st.sampled_from(NAMES),
    st.sampled_from(VERSIONS),
    st.sampled_from(HASHES),
    st.sampled_from(["one", "two", "three"]),
)
inventories = st.lists(distributions, max_size=8).map(
    lambda rows: Inventory(distributions=tuple(sorted(rows, key=lambda row: row.name)))
)
locks = st.lists(
    st.builds(locked, st.sampled_from(NAMES), st.sampled_from(VERSIONS), st.sampled_from(HASHES[1:])),
    max_size=6,
    unique_by=lambda package: package.name,
).map(lambda packages: lock(*sorted(packages, key=lambda package: package.name)))
names = st.frozensets(st.sampled_from(NAMES))


def rows(have: Inventory) -> list[tuple[str, str]]:
    return [(item.name, item.version) for item in have.distributions]


@given(have=inventories, want=locks)
def test_an_exact_diff_applied_leaves_exactly_the_locked_rows(have, want):
    after = apply(have, diff(have, want, exact=True, protected=frozenset()))
    assert rows(after) == [(package.name, package.version) for package in want.packages]


@given(have=inventories, want=locks, owned=names)
def test_an_inexact_diff_applied_leaves_the_locked_rows_and_what_was_never_ours(have, want, owned):
    after = apply(have, diff(have, want, exact=False, owned=owned))
    named = {package.name for package in want.packages}
    others = [row for row in rows(have) if row[0] not in named and (row[0] not in owned or row[0] in PROTECTED)]
    assert sorted(rows(after)) == sorted([*others, *((package.name, package.version) for package in want.packages)])


@given(have=inventories, want=locks, exact=st.booleans(), owned=names)
def test_a_diff_applied_leaves_nothing_to_do(have, want, exact, owned):
    after = apply(have, diff(have, want, exact=exact, owned=owned))
    assert diff(after, want, exact=exact, owned=owned).steps == ()


@given(have=inventories, want=locks, exact=st.booleans(), owned=names)
def test_every_distribution_stays_or_is_named_by_one_step(have, want, exact, owned):
    transaction = diff(have, want, exact=exact, owned=owned)
    gone = [step.installed for step in transaction.steps if not isinstance(step, Install)]
    assert sorted(map(repr, [*gone, *transaction.kept])) == sorted(map(repr, have.distributions))


@given(have=inventories, want=locks)
def test_steps_are_sorted_by_name_and_each_locked_package_is_kept_or_laid_down_once(have, want):
    transaction = diff(have, want, exact=True)
    order = [step.installed.name if isinstance(step, Remove) else step.package.name for step in transaction.steps]
    assert order == sorted(order)
    kept = [item.name for item in transaction.kept if want.package(item.name)]
    assert sorted([*kept, *(package.name for package in transaction.packages)]) == [
        package.name for package in want.packages
    ]


def test_an_environment_equal_to_its_lock_needs_nothing():
    have = inventory(installed("torch", "2.13.0+cpu", "a" * 64))
    assert diff(have, lock(locked("torch", "2.13.0+cpu")), exact=True) == Transaction(kept=have.distributions)


def test_another_build_of_the_same_version_is_replaced():
    old = installed("torch", "2.13.0", "b" * 64)
    new = locked("torch", "2.13.0")
    assert diff(inventory(old), lock(new), exact=False).steps == (Replace(package=new, installed=old),)


def test_a_package_of_unknown_origin_is_kept_when_its_version_is_right():
    assert is_same(installed("torch", "2.13.0"), locked("torch", "2.13.0"))


def test_a_local_version_is_another_version():
    assert not is_same(installed("torch", "2.13.0"), locked("torch", "2.13.0+cpu"))


def test_versions_that_are_spelt_differently_are_one_version():
    assert is_same(installed("old", "1.0-Beta"), locked("old", "1.0b0"))
    assert not is_same(installed("old", "not a version"), locked("old", "1.0"))


def test_sync_spares_pip_setuptools_and_wheel_unless_the_lock_names_them():
    tools = [installed(name, "1.0") for name in sorted(PROTECTED)]
    assert diff(inventory(*tools), lock(), exact=True).steps == ()
    new_pip = locked("pip", "2.0")
    assert diff(inventory(*tools), lock(new_pip), exact=True).steps == (Replace(package=new_pip, installed=tools[0]),)


def test_optimize_removes_what_an_earlier_receipt_put_there_and_nothing_else():
    ours, theirs = installed("nvidia-nccl-cu12", "2.0"), installed("requests", "2.0")
    transaction = diff(inventory(ours, theirs), lock(), exact=False, owned=frozenset({"nvidia-nccl-cu12"}))
    assert transaction == Transaction(steps=(Remove(installed=ours),), kept=(theirs,))


def test_a_leftover_of_a_broken_uninstall_goes_and_the_fitting_copy_stays():
    stale, good = installed("torch", "1.0", dist_info="torch-1.0.dist-info"), installed("torch", "2.0")
    assert diff(inventory(stale, good), lock(locked("torch", "2.0")), exact=False) == Transaction(
        steps=(Remove(installed=stale),), kept=(good,)
    )


FAMILY = (("onnxruntime", "onnxruntime-gpu"), ("faiss-cpu", "faiss-gpu"))


def test_a_rival_of_a_wanted_package_goes_and_the_wanted_one_is_laid_out_afresh() -> None:
    have = inventory(installed("onnxruntime", "1.0"), installed("onnxruntime-gpu", "2.0"))
    wanted = locked("onnxruntime-gpu", "2.0")
    made = diff(have, lock(wanted), exact=False, exclusive=FAMILY)
    assert made.steps == (
        Remove(installed=installed("onnxruntime", "1.0")),
        Replace(package=wanted, installed=installed("onnxruntime-gpu", "2.0")),
    )


def test_a_family_nobody_wants_is_left_alone() -> None:
    have = inventory(installed("onnxruntime", "1.0"), installed("onnxruntime-gpu", "2.0"))
    assert diff(have, lock(locked("faiss-cpu", "1.0")), exact=False, exclusive=FAMILY).kept == have.distributions


@given(have=inventories, want=locks, exact=st.booleans())
def test_exclusive_families_that_are_not_there_change_nothing(have: Inventory, want: Lock, exact: bool) -> None:
    assert diff(have, want, exact=exact, exclusive=FAMILY) == diff(have, want, exact=exact)
