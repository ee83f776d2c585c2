"""A command line becomes one request, and nothing that cannot be meant gets through."""

from __future__ import annotations

import pytest

from accelinstall.cli.parser import build_parser
from accelinstall.cli.requests import request_from
from accelinstall.errors import UsageError
from accelinstall.model.hardware import Overrides
from accelinstall.pipeline.request import Request


def request(*argv: str, environ: dict[str, str] | None = None) -> Request:
    return request_from(build_parser().parse_args(list(argv)), environ or {})


def test_auto_claims_nothing_about_the_machine() -> None:
    assert request("optimize", "--environment", "auto").overrides == Overrides()


def test_options_are_stronger_than_variables() -> None:
    environ = {"ACCELINSTALL_BACKEND": "cu126", "ACCELINSTALL_GPU_ARCH": "sm_61"}
    made = request("explain", "torch", "--backend", "cu130", environ=environ).overrides
    assert (made.backend, made.gpu_arch) == ("cu130", ("sm_61",))


@pytest.mark.parametrize("name", ["environment", "backend", "driver_version", "platform", "python_version"])
def test_each_override_is_also_a_variable(name: str) -> None:
    values = {
        "environment": "rocm",
        "backend": "cu130",
        "driver_version": "580.95.05",
        "platform": "linux-aarch64",
        "python_version": "3.12",
    }
    environ = {f"ACCELINSTALL_{name.upper()}": values[name]}
    assert getattr(request("optimize", environ=environ).overrides, name) == values[name]


def test_several_architectures_are_sorted_and_told_once() -> None:
    assert request("explain", "--gpu-arch", "sm_90, sm_100,sm_90").overrides.gpu_arch == ("sm_100", "sm_90")


def test_a_backend_with_a_dot_is_the_slug_without() -> None:
    assert request("explain", "--backend", "rocm7.2").overrides.backend == "rocm7-2"


def test_groups_come_repeated_or_with_commas() -> None:
    groups = request("optimize", "--with", "a,b", "--with", "c", "--only", "d").groups
    assert (groups.with_, groups.only) == (("a", "b", "c"), ("d",))


@pytest.mark.parametrize(
    "argv",
    [
        ("explain", "--gpu-arch", "90"),
        ("explain", "--driver-version", "new"),
        ("explain", "--python-version", "three"),
        ("explain", "--python-version", "3"),
        ("cache", "prune", "--older-than", "-5"),
        ("cache", "prune", "--older-than", "nan"),
        ("optimize", "--environment", "gpu"),
        ("optimize", "--venv", "a", "--python", "b"),
        ("optimise",),
        ("lock", "--no-such-flag"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(argv: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        request(*argv)
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_an_environment_variable_that_is_no_environment_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="`gpu` is not an environment"):
        request("optimize", environ={"ACCELINSTALL_ENVIRONMENT": "gpu"})


@pytest.mark.parametrize("option", ["--exclude-newer", "--index-url", "--extra-index-url", "--find-links"])
def test_a_variable_that_is_not_set_is_no_value(option: str) -> None:
    with pytest.raises(UsageError, match="the value is empty"):
        request("lock", option, "")


@pytest.mark.parametrize("option", ["--index-url", "--extra-index-url"])
def test_no_index_and_an_index_contradict_each_other(option: str) -> None:
    with pytest.raises(UsageError, match="--no-index forbids every index"):
        request("lock", "--no-index", option, "https://host/simple/")


def test_only_packages_can_be_upgraded() -> None:
    with pytest.raises(UsageError, match="is not the name of a package"):
        request("lock", "--upgrade", "///")
