"""Free text becomes a value or nothing; no text is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelinstall.hardware import amd, apple, boards, cgroup, cpu, kfd, local_nvml, local_system, nvidia_text, pci
from accelinstall.hardware import surroundings as around

# Text that resembles what is parsed finds more than text drawn from nowhere.
FRAGMENTS = st.one_of(
    st.sampled_from(
        ["NVRM version: ", "NVIDIA UNIX x86_64 Kernel Module", "  ", "\n", "\0", ".", ",", ":", " ", "/", "0x"]
    ),
    st.sampled_from(
        [
            "580.95.05",
            "max",
            "-1",
            "100000",
            "gfx_target_version ",
            "90402",
            "  Name:  gfx",
            "nvidia,tegra234",
            "# R36 (release)",
        ]
    ),
    st.sampled_from(
        [
            ", REVISION: ",
            "Driver Version: ",
            "CUDA UMD Version: ",
            "flags\t: ",
            "PCI\\VEN_10DE&DEV_",
            "DRIVER=",
            "²",
            "٣",
        ]
    ),
)
TEXTS = st.text() | st.lists(FRAGMENTS | st.text(max_size=5)).map("".join)

PARSERS = [
    amd.parse_rocminfo,
    apple.parse_macos_version,
    around.parse_cgroup_container,
    boards.parse_tegra_release,
    boards.parse_tegra_soc,
    cgroup.ancestors,
    cgroup.parse_bytes,
    cgroup.parse_cpu_max,
    cgroup.parse_groups,
    cpu.parse_cpuinfo,
    kfd.parse_properties,
    local_nvml.decode,
    nvidia_text.parse_capability,
    nvidia_text.parse_driver_version,
    nvidia_text.parse_smi_header,
    nvidia_text.parse_smi_rows,
    pci.parse_adapter,
    pci.parse_hex,
    pci.parse_uevent_driver,
]


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: f"{parse.__module__.rpartition('.')[2]}.{parse.__name__}")
def test_any_text_is_a_value_or_nothing(parse) -> None:
    @given(TEXTS)
    def every_text(text: str) -> None:
        parse(text)

    every_text()


@given(st.integers(min_value=0))
def test_a_gfx_version_is_a_name_of_amds_form_or_nothing(version: int) -> None:
    name = kfd.decode_gfx(version)
    assert name is None or (name.startswith("gfx") and 6 <= len(name) <= 7)


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (90010, "gfx90a"),
        (90402, "gfx942"),
        (90012, "gfx90c"),
        (100300, "gfx1030"),
        (110501, "gfx1151"),
        (120001, "gfx1201"),
        (0, None),
        (115003, None),
    ],
)
def test_a_gfx_version_decodes_as_rocm_does(version: int, name: str | None) -> None:
    assert kfd.decode_gfx(version) == name


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.142  Release Build  (dvs-builder@U22-I3)",
            "580.142",
        ),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.216.03  Thu Apr  3 01:14:19 UTC 2025", "535.216.03"),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  375.74  Wed Jun 14 01:39:39 PDT 2017", "375.74"),
        ("NVRM version: NVIDIA UNIX Kernel Module for aarch64  34.1.1  Release Build  (x)", "34.1.1"),
        ("580.95.05\n", "580.95.05"),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  unknown", None),
        ("", None),
    ],
)
def test_the_kernels_forms_of_a_driver_version_are_read(text: str, version: str | None) -> None:
    assert nvidia_text.parse_driver_version(text) == version


def test_a_comma_in_a_name_stays_in_the_name() -> None:
    (row,) = nvidia_text.parse_smi_rows("580.95.05, NVIDIA Graphics, Special, 12.0\n")
    assert (row.name, row.compute_capability) == ("NVIDIA Graphics, Special", "12.0")


def test_failure_text_on_stdout_is_no_row() -> None:
    assert nvidia_text.parse_smi_rows("NVIDIA-SMI has failed because it couldn't communicate, or so it says\n") == ()


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("| NVIDIA-SMI 590.48.01   Driver Version: 590.48.01   CUDA Version: 13.1 |", ("590.48.01", "13.1")),
        ("| NVIDIA-SMI 610.62   KMD Version: 610.62   CUDA UMD Version: 13.3 |", ("610.62", "13.3")),
        ("| NVIDIA-SMI 410.48   Driver Version: 410.48 |", ("410.48", "")),
    ],
)
def test_both_generations_of_the_smi_header_are_read(text: str, versions: tuple[str, str]) -> None:
    assert nvidia_text.parse_smi_header(text) == versions


@pytest.mark.parametrize(
    ("text", "cores"), [("200000 100000", 2.0), ("150000 100000\n", 1.5), ("max 100000", None), ("", None)]
)
def test_a_quota_is_processors(text: str, cores: float | None) -> None:
    assert cgroup.parse_cpu_max(text) == cores


def test_the_largest_number_of_version_1_is_no_limit() -> None:
    assert cgroup.parse_bytes("9223372036854771712\n") is None
    assert cgroup.parse_bytes("max\n") is None
    assert cgroup.parse_bytes("4294967296\n") == 4294967296


def test_every_group_up_to_the_root_counts() -> None:
    assert cgroup.ancestors("/a/b") == ("/a/b", "/a", "")
    assert cgroup.ancestors("/") == ("",)
    assert cgroup.ancestors("/../../outside") == ("",)


def test_levels_need_every_flag_of_their_own_and_of_those_below() -> None:
    second = frozenset({"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"})
    third = frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"})
    assert cpu.x86_level(frozenset()) == ""
    assert cpu.x86_level(frozenset({"sse2"})) == "x86-64-v1"
    assert cpu.x86_level(second) == "x86-64-v2"
    assert cpu.x86_level(second | third - {"fma"}) == "x86-64-v2"
    assert cpu.x86_level(second | third) == "x86-64-v3"
    assert cpu.x86_level(third) == "x86-64-v1"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Apple M2\0", "Apple M2"),
        (b"\x01\0\0\0", "1"),
        (b"\0\0\0\0", "0"),
        (b"A\0\0\0", "65"),
        ((64 << 30).to_bytes(8, "little"), str(64 << 30)),
        (b"\xff\xff\xff\xff", "-1"),
        (b"", ""),
    ],
)
def test_a_kernel_value_is_text_or_a_number_by_its_bytes(raw: bytes, text: str) -> None:
    assert local_system.decode_sysctl(raw) == text


@pytest.mark.parametrize(
    ("machine", "system", "bits", "normal"),
    [
        ("AMD64", "windows", 64, "x86_64"),
        ("ARM64", "windows", 64, "arm64"),
        ("AMD64", "windows", 32, "x86"),
        ("arm64", "macos", 64, "arm64"),
        ("arm64", "linux", 64, "aarch64"),
        ("aarch64", "linux", 32, "armv7l"),
        ("armv8l", "linux", 32, "armv7l"),
        ("x86_64", "linux", 32, "i686"),
        ("riscv64", "linux", 64, "riscv64"),
    ],
)
def test_a_machine_is_what_packages_are_built_for(machine: str, system: str, bits: int, normal: str) -> None:
    assert around.normal_machine(machine, system=system, pointer_bits=bits) == normal


def test_a_cgroup_path_names_its_container() -> None:
    assert around.parse_cgroup_container("0::/kubepods.slice/kubepods-besteffort.slice/x") == "kubernetes"
    assert around.parse_cgroup_container("1:cpu:/docker/0123") == "docker"
    assert around.parse_cgroup_container("0::/user.slice/dockerfile-editor.service") == ""


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))))
def test_nodes_that_share_a_serial_number_or_a_place_are_one_gpu(pairs: list[tuple[int, int]]) -> None:
    nodes = tuple(
        kfd.KfdNode(number=number, architecture="gfx942", version=90402, unique_id=serial, location=place)
        for number, (serial, place) in enumerate(pairs)
    )
    groups = kfd.group_partitions(nodes)
    assert sorted(node.number for group in groups for node in group) == list(range(len(nodes)))
    for told in ("unique_id", "location"):
        numbers = [number for group in groups for number in {getattr(node, told) for node in group} - {0}]
        assert len(numbers) == len(set(numbers))


def test_partitions_with_serial_numbers_of_their_own_share_a_place_on_the_bus() -> None:
    texts = [f"gfx_target_version 90402\nunique_id {part + 1}\nlocation_id {0x500 | part << 28}\n" for part in range(8)]
    nodes = [kfd.decode_node(number, kfd.parse_properties(text)) for number, text in enumerate(texts)]
    assert [len(group) for group in kfd.group_partitions(tuple(node for node in nodes if node))] == [8]


def test_gpus_in_one_place_of_two_pci_domains_are_two() -> None:
    texts = [f"gfx_target_version 90402\nlocation_id 1280\ndomain {domain}\n" for domain in (0, 1)]
    nodes = [kfd.decode_node(number, kfd.parse_properties(text)) for number, text in enumerate(texts)]
    assert [len(group) for group in kfd.group_partitions(tuple(node for node in nodes if node))] == [1, 1]


def test_nodes_that_tell_nothing_are_gpus_of_their_own() -> None:
    nodes = tuple(kfd.KfdNode(number=number, architecture="gfx90a", version=90010) for number in range(3))
    assert [len(group) for group in kfd.group_partitions(nodes)] == [1, 1, 1]
