"""uv's preview and we choose the same wheel of the same release on the same loopback index.

uv answers three namespaces itself when the metadata names the providers it stands in for, so that no plugin is fetched
or run: ``nvidia`` from two variables, ``x86_64`` from this processor, and static properties from the file.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from accelinstall.hardware import LocalHost, detect
from accelinstall.index import IndexClient
from accelinstall.model.hardware import Device, HardwareReport
from accelinstall.model.index import VariantWheel
from accelinstall.model.project import Wanted
from accelinstall.model.target import Target
from accelinstall.net import HttpClient
from accelinstall.resolution import resolve, route
from accelinstall.selection import supported_variants
from accelinstall.testing import IndexServer
from tests.variants.releases import Variants, publish

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("uv") is None, reason="uv is not installed"),
    pytest.mark.skipif(platform.machine() != "x86_64" or sys.platform != "linux", reason="speaks of an x86 Linux"),
]


def uv_chooses(server: IndexServer, folder: Path, *, cuda: str, sm: str) -> str:
    """The label of the wheel that uv installs."""
    target = folder / "uv"
    forced = {"NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": cuda, "NV_VARIANT_PROVIDER_FORCE_SM_ARCH": sm}
    where = ["--index-url", server.simple_url, "--python", sys.executable, "--target", target]
    preview = ["--preview-features", "wheel-variants", "--no-cache", "--no-config"]
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "demo", *preview, *where],
        env={**os.environ, **forced},
        check=True,
        capture_output=True,
    )
    return (target / "demo" / "__init__.py").read_text().split("'")[1]


def we_choose(server: IndexServer, *, cuda: str, sm: str) -> str:
    """The label of the wheel that we would lock."""
    here = detect(LocalHost())
    device = Device(vendor="nvidia", name="GPU", architecture=f"sm_{sm.replace('.', '')}", driver_cuda=cuda)
    report = HardwareReport(platform=here.platform, cpu=here.cpu, devices=(device,))
    target = Target.parse(f"cu126-linux-x86_64-cp3{sys.version_info.minor}")
    with HttpClient() as http, IndexClient(http, variants=True) as client:
        found = resolve(
            [Wanted(requirement=Requirement("demo"))],
            target=target,
            routing=route(default_index=server.simple_url),
            finder=client,
            variants=supported_variants(report, environment="cuda"),
        )
    (package,) = found.packages
    return package.file.label if isinstance(package.file, VariantWheel) else ""


def assert_same(folder: Path, variants: Variants, namespaces: list[str], *, cuda: str, sm: str, plain: bool) -> str:
    folder.mkdir(parents=True)
    with IndexServer() as server:
        publish(server, folder, variants, namespaces, plain=plain)
        ours, theirs = we_choose(server, cuda=cuda, sm=sm), uv_chooses(server, folder, cuda=cuda, sm=sm)
    assert ours == theirs, (variants, namespaces)
    return ours


def bounded(lower: str, *code: str) -> Mapping[str, Mapping[str, list[str]]]:
    return {"nvidia": {"cuda_version_lower_bound": [lower], **({"sm_arch": list(code)} if code else {})}}


TORCH = {
    "cu126": bounded("12.6", "50_real", "60_real", "70_real", "80_real", "90_real"),
    "cu128": bounded("12.8", "75_real", "80_real", "90_real", "100_real", "120_real", "120_virtual"),
    "cu130": bounded("13.0", "75_real", "80_real", "90_real", "100_real", "120_real", "120_virtual"),
    "null": {},
}


@pytest.mark.parametrize(
    ("cuda", "sm", "expected"),
    [
        ("13.0", "9.0", "cu130"),
        ("12.9", "8.9", "cu128"),
        ("12.8", "12.0", "cu128"),
        ("13.1", "6.1", "cu126"),
        ("12.7", "9.0", "cu126"),
        ("12.4", "9.0", "null"),
        ("13.0", "3.7", "null"),
    ],
)
def test_one_release_like_torch_gives_every_machine_the_same_wheel_as_uv(tmp_path, cuda, sm, expected):
    assert assert_same(tmp_path / "w", TORCH, ["nvidia"], cuda=cuda, sm=sm, plain=False) == expected


@pytest.mark.parametrize(
    ("variants", "namespaces", "expected"),
    [
        ({"a": {"x86_64": {"level": ["v1"]}}, "b": {"x86_64": {"level": ["v2"]}}, "null": {}}, ["x86_64"], "b"),
        ({"a": {"x86_64": {"level": ["v9"]}}}, ["x86_64"], ""),
        ({"a": {"x86_64": {"level": ["v9"]}}, "null": {}}, ["x86_64"], "null"),
        ({"a": {"blas": {"library": ["mkl"]}}, "b": {"blas": {"library": ["openblas"]}}}, ["blas"], "b"),
        ({"a": {"blas": {"library": ["openblas"]}}, "b": {"blas": {"threads": ["on"]}}}, ["blas"], "b"),
        ({"b": {"x86_64": {"level": ["v1"]}}, "a": {"x86_64": {"level": ["v1"]}}}, ["x86_64"], "a"),
        ({"a": {"unheard": {"of": ["it"]}}, "null": {}}, ["unheard"], "null"),
    ],
)
def test_the_rules_one_by_one_give_the_same_wheel_as_uv(tmp_path, variants, namespaces, expected):
    assert assert_same(tmp_path / "w", variants, namespaces, cuda="12.8", sm="9.0", plain=True) == expected


def some(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


properties = st.fixed_dictionaries(
    {},
    optional={
        "nvidia": st.fixed_dictionaries(
            {},
            optional={
                "cuda_version_lower_bound": some("11", "12", "12.6", "12.8", "13.0"),
                "cuda_version_upper_bound": some("12.8", "12.9", "13", "14.2"),
                "sm_arch": some("75_real", "80_real", "80_virtual", "89_real", "90_real", "90_virtual"),
            },
        ).filter(bool),
        "x86_64": st.fixed_dictionaries({"level": some("v1", "v2", "v9")}),
        "blas": st.fixed_dictionaries(
            {}, optional={"library": some("mkl", "openblas"), "threads": some("on", "off")}
        ).filter(bool),
    },
).filter(bool)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    variants=st.dictionaries(st.sampled_from(["a", "b", "c.1", "d_2", "e"]), properties, min_size=2),
    namespaces=st.permutations(["nvidia", "x86_64", "blas"]),
    machine=st.sampled_from([("12.8", "8.9"), ("13.0", "9.0"), ("12.4", "7.5")]),
)
def test_any_set_of_variants_gives_the_same_wheel_as_uv(tmp_path_factory, variants, namespaces, machine):
    folder = tmp_path_factory.mktemp("release") / "w"
    assert_same(folder, {**variants, "null": {}}, namespaces, cuda=machine[0], sm=machine[1], plain=True)
