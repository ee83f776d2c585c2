"""Machines and what torch they are for."""

from __future__ import annotations

import pytest

from accelinstall.model.hardware import HardwareReport, Platform
from accelinstall.model.selection import Wish
from tests.selection.machines import (
    APPLE,
    alpine,
    amd,
    answer,
    ask,
    findings,
    intel,
    linux,
    macos,
    nvidia,
    report,
    windows,
)

ARM = linux(machine="aarch64")
MACHINES = [
    ("RTX 3090 with driver 535", report(linux(), nvidia("RTX 3090", "sm_86", "535.183.01")), "2.14", "cu126"),
    ("GTX 1080 with driver 580", report(linux(), nvidia("GTX 1080", "sm_61", "580.95.05")), "2.14", "cu126"),
    ("GTX 980 with driver 580", report(linux(), nvidia("GTX 980", "sm_52", "580.95.05")), "2.14", "cu126"),
    ("V100 with driver 580", report(linux(), nvidia("V100", "sm_70", "580.95.05")), "2.14", "cu126"),
    ("T4 with driver 580", report(linux(), nvidia("T4", "sm_75", "580.95.05")), "2.15", "cu130"),
    ("RTX 5090 with driver 570", report(linux(), nvidia("RTX 5090", "sm_120", "570.124.06")), "2.11", "cu128"),
    ("RTX 5090 with driver 580", report(linux(), nvidia("RTX 5090", "sm_120", "580.95.05")), "2.15", "cu130"),
    ("RTX 5090 with driver 595", report(linux(), nvidia("RTX 5090", "sm_120", "595.80")), "2.15", "cu132"),
    ("B300 with driver 580", report(linux(), nvidia("B300", "sm_103", "580.95.05")), "2.15", "cu130"),
    ("H100 one step below CUDA 13", report(linux(), nvidia("H100", "sm_90", "580.65.05")), "2.14", "cu126"),
    ("H100 at the floor of CUDA 13", report(linux(), nvidia("H100", "sm_90", "580.65.06")), "2.15", "cu130"),
    ("A100 with driver 470", report(linux(), nvidia("A100", "sm_80", "470.256.02")), "2.7", "cu118"),
    ("K80 with driver 470", report(linux(), nvidia("K80", "sm_37", "470.256.02")), "2.7", "cu118"),
    ("Windows one step below CUDA 12", report(windows(), nvidia("RTX 3090", "sm_86", "527.40")), "2.7", "cu118"),
    ("Windows at the floor of CUDA 12", report(windows(), nvidia("RTX 3090", "sm_86", "527.41")), "2.14", "cu126"),
    ("Windows with driver 581", report(windows(), nvidia("RTX 4090", "sm_89", "581.57")), "2.15", "cu130"),
    ("WSL counts Windows drivers", report(linux(wsl=True), nvidia("RTX 4070", "sm_89", "527.40")), "2.7", "cu118"),
    ("GH200 with driver 570", report(ARM, nvidia("GH200", "sm_90", "570.124.06")), "2.14", "cu126"),
    ("DGX Spark", report(ARM, nvidia("GB10", "sm_121", "580.95.05")), "2.15", "cu130"),
    ("T4 on aarch64 has no sm_75", report(ARM, nvidia("T4", "sm_75", "580.95.05")), "2.15", "cpu"),
    ("MI210", report(linux(), amd("MI210", "gfx90a")), "2.15", "rocm7-14"),
    ("Vega 20 left with ROCm 7.14", report(linux(), amd("Radeon VII", "gfx906")), "2.14", "rocm7-2"),
    ("RX 580 has no build", report(linux(), amd("RX 580", "gfx803")), "2.15", "cpu"),
    ("a Ryzen's own GPU does not count", report(linux(), amd("iGPU", "gfx1036", integrated=True),
                                               amd("RX 9070", "gfx1201")), "2.15", "rocm7-14"),
    ("Arc A770", report(linux(), intel("Arc A770", "xe-hpg")), "2.15", "xpu"),
    ("UHD graphics", report(linux(), intel("UHD", "xe-lp", integrated=True)), "2.15", "cpu"),
    ("M2", report(macos(), APPLE), "2.15", "mps"),
    ("M2 with macOS 13", report(macos("13.6"), APPLE), "2.8", "mps"),
    ("M1 with macOS 11", report(macos("11.7"), APPLE), "2.11", "cpu"),
    ("Intel Mac", report(macos("14.6", machine="x86_64", python="3.11.9")), "2.2", "cpu"),
    ("no GPU", report(linux()), "2.15", "cpu"),
    ("no GPU, Windows", report(windows()), "2.15", "cpu"),
    ("no GPU, aarch64", report(ARM), "2.15", "cpu"),
    ("Python 3.10", report(linux(python="3.10.14")), "2.14", "cpu"),
    ("free-threaded Python 3.14", report(linux(python="3.14t")), "2.15", "cpu"),
    ("glibc 2.17", report(linux(glibc="2.17")), "2.6", "cpu"),
    ("Orin with JetPack 6.2", report(linux(machine="aarch64", python="3.10.12", glibc="2.35", l4t="36.4.3"),
                                     nvidia("Orin", "sm_87", None, tegra=True)), "2.10", "cu126"),
    ("Thor with JetPack 7.0", report(linux(machine="aarch64", l4t="38.2.0"),
                                     nvidia("Thor", "sm_110", None, tegra=True)), "2.15", "cu130"),
    ("Orin with JetPack 7.2", report(linux(machine="aarch64", l4t="39.2.0"),
                                     nvidia("Orin", "sm_87", None, tegra=True)), "2.15", "cu132"),
    ("Xavier with JetPack 5", report(linux(machine="aarch64", python="3.10.12", glibc="2.31", l4t="35.4.1"),
                                     nvidia("Xavier", "sm_72", None, tegra=True)), "2.14", "cpu"),
]  # fmt: skip


@pytest.mark.parametrize(("machine", "version", "backend"), [row[1:] for row in MACHINES], ids=[r[0] for r in MACHINES])
def test_a_machine_gets_the_newest_torch_that_runs_there(machine: HardwareReport, version: str, backend: str) -> None:
    assert answer(ask(machine)) == (version, backend)


def test_gpus_of_two_generations_are_served_by_one_older_build() -> None:
    both = report(linux(), nvidia("V100", "sm_70", "580.95.05"), nvidia("B200", "sm_100", "580.95.05"))
    selection = ask(both)
    assert answer(selection) == ("2.10", "cu128")
    assert selection.candidates[0].target.architectures == ("sm_100", "sm_70")
    warning = selection.warnings[0]
    assert (warning.id, warning.level) == ("version-lowered-for-gpu", "warning")
    assert "V100" in warning.message
    assert warning.hint == "--gpu-arch sm_100"


def test_where_no_build_serves_all_the_strongest_is_served_and_the_others_are_named() -> None:
    both = report(linux(), nvidia("GTX 1080", "sm_61", "580.95.05"), nvidia("RTX 5090", "sm_120", "580.95.05"))
    selection = ask(both)
    assert answer(selection) == ("2.15", "cu130")
    assert selection.candidates[0].target.architectures == ("sm_120",)
    warning = selection.warnings[0]
    assert (warning.id, warning.level) == ("gpu-left-out", "warning")
    assert "GTX 1080" in warning.message
    assert warning.hint == "--gpu-arch sm_61 would choose torch 2.14 with cu126 for it instead"


def test_on_windows_one_build_of_2_7_serves_pascal_and_blackwell() -> None:
    both = report(windows(), nvidia("GTX 1080", "sm_61", "581.57"), nvidia("RTX 5090", "sm_120", "581.57"))
    assert answer(ask(both)) == ("2.7", "cu128")


def test_candidates_are_one_per_backend_at_most_eight_and_serve_all_before_some() -> None:
    both = report(linux(), nvidia("V100", "sm_70", "580.95.05"), nvidia("B200", "sm_100", "580.95.05"))
    candidates = ask(both).candidates
    backends = [candidate.target.backend for candidate in candidates]
    assert backends == ["cu128", "cu129", "cu130", "cu132", "cu126", "cu118", "cu124", "cu121"]
    served = [len(candidate.target.architectures) for candidate in candidates]
    assert served == sorted(served, reverse=True)


def test_cuda_that_the_driver_has_itself_comes_before_minor_version_compatibility() -> None:
    selection = ask(report(linux(), nvidia("RTX 5090", "sm_120", "580.95.05")))
    assert [candidate.target.backend for candidate in selection.candidates][:2] == ["cu130", "cu132"]
    reasons = {row.backend: row.reason for row in selection.verdicts if row.version == "2.15.0"}
    assert "driver 580.95.05 has CUDA 13.0" in reasons["cu130"]
    assert "runs by minor-version compatibility CUDA 13.2" in reasons["cu132"]


@pytest.mark.parametrize(
    ("driver", "code"), [("580.95.05", "ptx-not-compilable"), ("595.45.04", "accepted"), (None, "accepted")]
)
def test_ptx_counts_only_where_the_driver_can_compile_it(driver: str | None, code: str) -> None:
    future = report(linux(), nvidia("a GPU after Blackwell", "sm_130", driver))
    verdicts = {row.backend: row.code for row in ask(future, environment="cuda").verdicts if row.version == "2.15.0"}
    assert verdicts["cu132"] == code
    assert verdicts["cu130"] == "accepted"


def test_on_a_jetson_desktop_code_of_the_same_major_does_not_count() -> None:
    orin = report(linux(machine="aarch64", l4t="38.2.0"), nvidia("Orin", "sm_87", None, tegra=True))
    selection = ask(orin)
    assert answer(selection) == ("2.15", "cpu")
    assert selection.candidates[0].target.environment == "edge"
    assert selection.candidates[0].target.backend_of("torch") == "cpu"


def test_a_desktop_never_gets_a_jetson_build() -> None:
    selection = ask(report(linux(machine="aarch64", python="3.10.1"), nvidia("A100", "sm_80", "560.35.05")))
    sources = {choice.source for candidate in selection.candidates for choice in candidate.choices}
    assert not any(source.startswith("jetson") for source in sources)


def test_the_default_index_is_used_where_its_wheel_is_the_right_build() -> None:
    new = ask(report(linux(), nvidia("RTX 5090", "sm_120", "595.80")))
    assert new.selected[0].source_url == ""
    old = ask(report(linux(), nvidia("RTX 5090", "sm_120", "580.95.05")))
    assert old.selected[0].source_url == "https://download.pytorch.org/whl/cu130"
    choice = old.candidates[0].choice("torch")
    assert choice is not None
    assert choice.versions[:2] == ("2.15.0", "2.14.1")
    assert choice.default_index_versions == ("2.14.1", "2.14.0", "2.13.0", "2.12.1", "2.12.0", "2.11.0")
    assert (choice.source, choice.local) == ("pytorch-cu130", "cu130")


def test_a_cpu_target_takes_the_cpu_index_on_linux_and_the_default_index_elsewhere() -> None:
    on_linux = ask(report(linux())).candidates[0].choice("torch")
    on_windows = ask(report(windows())).candidates[0].choice("torch")
    on_mac = ask(report(macos())).candidates[0].choice("torch")
    assert on_linux is not None
    assert (on_linux.source, on_linux.local, on_linux.default_index_versions) == ("pytorch-cpu", "cpu", ())
    for choice in (on_windows, on_mac):
        assert choice is not None
        assert (choice.source, choice.source_url, choice.local) == ("", "", "")
        assert choice.default_index_versions[0] == "2.15.0" or choice.versions == ()


def test_releases_newer_than_the_catalog_are_welcome_for_cpu_but_not_for_cuda() -> None:
    newer = Wish(name="torch", specifier="==2.16.1")
    selection = ask(report(linux()), newer)
    choice = selection.candidates[0].choice("torch")
    assert choice is not None
    assert choice.versions == ()
    assert selection.selected[0].version == "2.16.1"


def test_releases_are_listed_where_the_machine_itself_ends_the_range() -> None:
    choice = ask(report(macos("14.6", machine="x86_64", python="3.11.9"))).candidates[0].choice("torch")
    assert choice is not None
    assert choice.versions[0] == "2.2.2"


def test_a_patch_release_after_the_catalog_is_judged_by_its_series() -> None:
    wish = Wish(name="torch", specifier="==2.14.7")
    selection = ask(report(linux(), nvidia("RTX 3090", "sm_86", "535.183.01")), wish)
    assert (selection.selected[0].version, selection.selected[0].backend) == ("2.14.7", "cu126")
    assert "release-newer-than-catalog" in findings(selection)


def test_companions_follow_torchs_source() -> None:
    machine = report(linux(), nvidia("RTX 3090", "sm_86", "535.183.01"))
    selection = ask(machine, Wish(name="torch", group="ml"), Wish(name="torchvision", group="ml"))
    vision = selection.candidates[0].choice("torchvision")
    assert vision is not None
    assert (vision.source, vision.local, vision.versions) == ("pytorch-cu126", "cu126", ())
    assert [(row.name, row.version, row.group) for row in selection.selected] == [
        ("torch", "2.14", "ml"),
        ("torchvision", "0.29", "ml"),
    ]


def test_a_pinned_companion_chooses_the_torch_it_was_made_for() -> None:
    machine = report(linux(), nvidia("RTX 3090", "sm_86", "535.183.01"))
    selection = ask(machine, Wish(name="torch"), Wish(name="torchvision", specifier="==0.20.1"))
    assert [(row.version, row.backend) for row in selection.selected] == [("2.5", "cu121"), ("0.20.1", "cu121")]


def test_a_name_the_catalog_does_not_know_is_not_answered() -> None:
    selection = ask(report(linux()), Wish(name="torchmetrics"), Wish(name="rich"))
    assert selection.selected == ()
    assert selection.candidates[0].choice("torchmetrics") is None


def test_without_a_wish_there_is_a_target_and_a_choice_for_what_is_pulled_in() -> None:
    machine = report(linux(), nvidia("RTX 3090", "sm_86", "535.183.01"))
    candidate = ask(machine, Wish(name="vllm")).candidates[0]
    assert candidate.target.slug == "cu126-linux-x86_64-cp312"
    assert candidate.choice("torch") is not None


def test_without_a_wish_even_musl_has_a_target() -> None:
    assert ask(report(alpine()), Wish(name="rich")).candidates[0].target.slug == "cpu-linux-x86_64-cp312"


@pytest.mark.parametrize(
    ("specifier", "version", "backend"),
    [
        ("", "2.14", "cu126"),
        ("<2.12", "2.11", "cu128"),
        ("==2.7.1", "2.7.1", "cu128"),
        ("==2.7.*", "2.7", "cu128"),
        ("~=2.5.0", "2.5", "cu124"),
        ("==2.7.1+cu118", "2.7.1", "cu118"),
        ("===2.7.1", "2.7.1", "cu126"),
        ("<=2.6.0", "2.6", "cu126"),
        (">2.13.0,<2.14.1", "2.14", "cu126"),
    ],
)
def test_a_specifier_is_read_with_local_versions_in_mind(specifier: str, version: str, backend: str) -> None:
    machine = report(linux(), nvidia("RTX 3090", "sm_86", "570.124.06"))
    assert answer(ask(machine, Wish(name="torch", specifier=specifier))) == (version, backend)


def test_the_answer_says_what_another_driver_would_allow() -> None:
    selection = ask(report(linux(), nvidia("RTX 3090", "sm_86", "535.183.01")))
    assert selection.warnings[0].message == (
        "driver 580.65.06 or newer would allow torch 2.15 with cu130; 535.183.01 is installed"
    )


def test_no_driver_is_asked_for_that_no_longer_knows_the_gpu() -> None:
    assert findings(ask(report(linux(), nvidia("K80", "sm_37", "470.256.02")))) == ["last-build-for-gpu"]


def test_the_answer_says_what_another_python_would_allow() -> None:
    selection = ask(report(linux(python="3.10.14")))
    assert selection.warnings[0].message == "Python 3.11 would allow torch 2.15 with cpu"


def test_rosetta_is_told_to_use_an_arm64_python() -> None:
    assert findings(ask(report(macos(machine="x86_64", python="3.11.9", rosetta=True), APPLE))) == ["use-arm64-python"]


def test_a_gpu_that_no_build_serves_is_named_on_a_cpu_target() -> None:
    selection = ask(report(linux(), nvidia("GTX 680", "sm_30", "470.256.02")))
    assert selection.warnings[0].id == "gpu-unused"
    assert "holds no code for GTX 680 (sm_30)" in selection.warnings[0].message


def test_every_verdict_that_rejects_says_what_was_found_and_needed() -> None:
    selection = ask(report(linux(python="3.11.9"), nvidia("RTX 3090", "sm_86", "535.183.01")))
    for row in selection.verdicts:
        assert row.reason
        if row.code in {"driver-too-old", "architecture-not-compiled", "python-unsupported"}:
            assert row.found, row
            assert row.needed, row
    too_old = next(row for row in selection.verdicts if row.backend == "cu130")
    assert (too_old.code, too_old.found, too_old.needed) == ("driver-too-old", "535.183.01", "580.65.06")


def test_a_platform_without_any_machine_name_is_no_crash() -> None:
    unknown = HardwareReport(platform=Platform(system="linux", machine="riscv64", python_version="3.12.1"))
    assert ask(unknown, Wish(name="rich")).candidates[0].target.platform == "linux-riscv64"
