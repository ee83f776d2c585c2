"""What the loaded catalog answers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from accelinstall.catalog import load_catalog, numbers_of

CATALOG = load_catalog()


def default_build(version: str, platform: str) -> str:
    release = next(release for release in CATALOG.releases if release.version == version)
    return " ".join(release.default_index.get(platform, ()))


def test_the_catalog_is_read_once() -> None:
    assert load_catalog() is load_catalog()


def test_loading_pulls_in_no_heavy_library() -> None:
    code = (
        "import sys; from accelinstall.catalog import load_catalog; load_catalog(); "
        "print([name for name in ('packaging', 'msgspec', 'urllib3', 'tomlkit', 'jsonschema') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_it_knows_every_torch_release_from_1_13_to_2_15() -> None:
    versions = [release.version for release in CATALOG.releases]
    assert (versions[0], versions[-1], len(versions)) == ("2.15.0", "1.13.0", 30)
    assert versions == sorted(versions, key=numbers_of, reverse=True)


@pytest.mark.parametrize(
    ("version", "platform", "backend"),
    [
        ("2.15.0", "linux-x86_64", "cu132"),
        ("2.14.1", "linux-x86_64", "cu130"),
        ("2.11.0", "linux-aarch64", "cu130"),
        ("2.10.0", "linux-aarch64", "cpu"),
        ("2.10.0", "linux-x86_64", "cu128"),
        ("2.7.1", "linux-x86_64", "cu126"),
        ("2.4.0", "linux-x86_64", "cu121"),
        ("1.13.1", "linux-x86_64", "cu117"),
        ("2.15.0", "windows-x86_64", "cpu"),
        ("2.15.0", "macos-arm64", "mps cpu"),
        ("2.2.2", "macos-x86_64", "cpu"),
        ("2.3.0", "macos-x86_64", ""),
    ],
)
def test_it_knows_what_the_default_indexs_wheel_is(version: str, platform: str, backend: str) -> None:
    assert default_build(version, platform) == backend


@pytest.mark.parametrize(
    ("slug", "source", "url", "local"),
    [
        ("cu130", "pytorch-cu130", "https://download.pytorch.org/whl/cu130", "cu130"),
        ("rocm7-2", "pytorch-rocm7-2", "https://download.pytorch.org/whl/rocm7.2", "rocm7.2"),
        ("rocm6-2-4", "pytorch-rocm6-2-4", "https://download.pytorch.org/whl/rocm6.2.4", "rocm6.2.4"),
        ("xpu", "pytorch-xpu", "https://download.pytorch.org/whl/xpu", "xpu"),
        ("cpu", "pytorch-cpu", "https://download.pytorch.org/whl/cpu", "cpu"),
        ("mps", "", "", ""),
        ("cu126", "pytorch-cu126", "https://download.pytorch.org/whl/cu126", "cu126"),
    ],
)
def test_a_backend_names_its_index(slug: str, source: str, url: str, local: str) -> None:
    backend = CATALOG.backend(slug)
    assert backend is not None
    assert (backend.source, backend.url, backend.local) == (source, url, local)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("torch", "torch"),
        ("torchvision", "torch"),
        ("triton", "torch"),
        ("nvidia-cublas", "torch"),
        ("nvidia-cuda-runtime-cu12", "torch"),
        ("triton-rocm", "torch"),
        ("onnxruntime-gpu", "onnxruntime"),
        ("cupy-cuda12x", "cupy"),
        ("faiss-gpu-cu12", "faiss"),
        ("opencv-python-headless", "opencv-python"),
    ],
)
def test_a_member_belongs_to_its_heads_family(name: str, head: str) -> None:
    family = CATALOG.family_of(name)
    assert family is not None
    assert family.head == head


@pytest.mark.parametrize("name", ["numpy", "nvidia-ml-py", "torchmetrics", "onnx", "cupyx"])
def test_a_name_that_only_looks_like_a_member_has_no_family(name: str) -> None:
    assert CATALOG.family_of(name) is None


def test_families_that_share_a_folder_are_exclusive() -> None:
    folders = {family.head: family.folder for family in CATALOG.families if family.exclusive}
    assert folders["onnxruntime"] == "onnxruntime"
    assert folders["opencv-python"] == "cv2"
    assert "torch" not in folders


def test_each_cuda_backend_has_a_driver_floor_and_a_branch() -> None:
    for backend in CATALOG.backends:
        if backend.environment == "cuda":
            assert backend.version[0] in CATALOG.drivers.floors, backend.slug
            assert backend.version in CATALOG.drivers.branches, backend.slug


@pytest.mark.parametrize(
    ("text", "numbers"), [("535.183.01", (535, 183, 1)), ("", ()), ("2.x", (2,)), ("²", ()), (f"2.{'9' * 5000}", (2,))]
)
def test_numbers_stop_at_what_is_none(text: str, numbers: tuple[int, ...]) -> None:
    assert numbers_of(text) == numbers


def test_a_jetpack_is_found_by_the_newest_row_at_or_below() -> None:
    names = [found.name if (found := CATALOG.jetpack(l4t)) else "" for l4t in [(36, 4, 3), (36, 3), (38, 2, 1), (28,)]]
    assert names == ["JetPack 6.1-6.2", "JetPack 6.0", "JetPack 7.0-7.1", ""]
