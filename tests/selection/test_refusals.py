"""What cannot be answered, and what the error says to do."""

from __future__ import annotations

import pytest

from accelinstall.model.selection import Wish
from accelinstall.selection import BackendNeeded, InvalidWish, NoBuildFits, UnknownBackend
from tests.selection.machines import CATALOG, alpine, answer, ask, findings, linux, macos, nvidia, report, windows

BLACKWELL = report(linux(), nvidia("RTX 5090", "sm_120", "580.95.05"))
LAPTOP = report(linux())


def test_a_source_that_holds_no_code_for_the_gpu_names_the_exact_edit() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(BLACKWELL, Wish(name="torch", specifier=">=2.1", backend="cu121"))
    assert "cu121, which the project's source fixes, does not fit" in caught.value.message
    assert "holds no code for RTX 5090 (sm_120)" in caught.value.message
    assert 'set `url = "https://download.pytorch.org/whl/cu130"`' in caught.value.hint
    assert {row.code for row in caught.value.verdicts if row.backend == "cu121"} == {
        "architecture-not-compiled",
        "python-unsupported",
    }


def test_a_pin_that_the_right_source_does_not_have_is_part_of_the_edit() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(BLACKWELL, Wish(name="torch", specifier="==2.5.1", backend="cu121"))
    assert "and require `torch==2.15.*`" in caught.value.hint


def test_the_edit_is_to_drop_the_source_where_the_default_index_is_right() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(report(windows()), Wish(name="torch", backend="cu121"))
    assert "remove the source of torch" in caught.value.hint


def test_a_cpu_target_never_takes_a_cuda_wheel() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(LAPTOP, Wish(name="torch", backend="cu126"))
    assert {row.code for row in caught.value.verdicts if row.backend == "cu126"} == {"other-environment"}
    assert "--environment cuda when the packages are for another machine" in caught.value.hint
    assert "https://download.pytorch.org/whl/cpu" in caught.value.hint


def test_a_gpu_machine_obeys_a_source_of_cpu_wheels_and_says_what_stays_unused() -> None:
    selection = ask(BLACKWELL, Wish(name="torch", backend="cpu"))
    assert answer(selection) == ("2.15", "cpu")
    assert selection.candidates[0].target.environment == "cpu"
    assert findings(selection) == ["gpu-unused"]
    assert "https://download.pytorch.org/whl/cu130" in selection.warnings[0].hint


def test_a_pin_without_a_build_for_the_gpu_names_one_that_has() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(report(linux(), nvidia("GTX 1080", "sm_61", "580.95.05")), Wish(name="torch", specifier="==2.15.0"))
    assert "the nearest is torch 2.15.0" in caught.value.message
    assert "torch 2.14 with cu126 fits" in caught.value.hint


def test_a_pin_that_needs_a_newer_driver_says_which() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(report(linux(), nvidia("RTX 3090", "sm_86", "535.183.01")), Wish(name="torch", specifier="==2.15.0"))
    assert caught.value.hint == "driver 580.65.06 or newer would allow torch 2.15 with cu130"


def test_a_requirement_beyond_the_catalog_says_what_it_knows() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(BLACKWELL, Wish(name="torch", specifier=">=3"))
    assert CATALOG.serial in caught.value.message
    assert "2.15.0" in caught.value.message


def test_musl_is_refused_with_a_way_out() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(report(alpine()))
    assert "no wheels for musl" in caught.value.message
    assert "glibc" in caught.value.hint


def test_an_environment_the_platform_cannot_have_is_refused() -> None:
    with pytest.raises(NoBuildFits) as caught:
        ask(report(macos()), environment="cuda", backend="cu130")
    assert "there is no cu130 build for macos-arm64" in caught.value.message


def test_an_orin_with_the_wrong_python_is_told_the_right_one() -> None:
    orin = report(linux(machine="aarch64", l4t="36.4.3"), nvidia("Orin", "sm_87", None, tegra=True))
    with pytest.raises(NoBuildFits) as caught:
        ask(orin)
    assert caught.value.hint == "--python-version 3.10 would allow torch 2.10 with cu126"


def test_cuda_without_a_device_asks_for_a_backend_and_lists_them() -> None:
    with pytest.raises(BackendNeeded) as caught:
        ask(LAPTOP, environment="cuda")
    assert caught.value.exit_code == 2
    assert caught.value.choices[:3] == ("cu132", "cu130", "cu129")
    assert "--backend cu132" in caught.value.hint


def test_cuda_without_a_device_follows_the_projects_source() -> None:
    selection = ask(LAPTOP, Wish(name="torch", specifier=">=2.1", backend="cu121"), environment="cuda")
    assert answer(selection) == ("2.5", "cu121")
    assert [candidate.target.backend for candidate in selection.candidates] == ["cu121"]


def test_cuda_without_a_device_follows_the_backend_that_was_asked_for() -> None:
    selection = ask(LAPTOP, environment="cuda", backend="cu130")
    assert answer(selection) == ("2.15", "cu130")
    assert selection.candidates[0].target.architectures == ()


def test_the_projects_source_overrules_the_backend_that_was_asked_for() -> None:
    selection = ask(LAPTOP, Wish(name="torch", backend="cu126"), environment="cuda", backend="cu130")
    assert answer(selection) == ("2.14", "cu126")
    assert findings(selection) == ["backend-overruled"]


def test_sources_that_disagree_are_named() -> None:
    wishes = (Wish(name="torchvision", backend="cu121"), Wish(name="torch", backend="cu126"))
    selection = ask(LAPTOP, *wishes, environment="cuda")
    assert answer(selection) == ("2.14", "cu126")
    assert findings(selection) == ["sources-disagree"]


def test_an_unknown_backend_lists_the_known_ones() -> None:
    with pytest.raises(UnknownBackend) as caught:
        ask(LAPTOP, environment="cuda", backend="cu999")
    assert "cu130" in caught.value.message
    assert caught.value.exit_code == 2


def test_rocm_may_be_written_with_its_dot() -> None:
    assert answer(ask(LAPTOP, environment="rocm", backend="rocm7.2")) == ("2.14", "rocm7-2")


def test_a_specifier_that_is_none_is_a_usage_error() -> None:
    with pytest.raises(InvalidWish) as caught:
        ask(LAPTOP, Wish(name="torch", specifier="newest"))
    assert caught.value.exit_code == 2
