"""Frameworks besides torch: what a wish for one gets on which machine, alone and together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelinstall.catalog.frameworks import FRAMEWORK_FILES, FrameworkBuild, load_framework
from accelinstall.model.hardware import Cpu, Device, HardwareReport, Platform
from accelinstall.model.selection import Preference, Selection, Wish
from accelinstall.model.target import Target
from accelinstall.selection import BackendNeeded, NoBuildFits, choose_environment, select
from accelinstall.selection.builds import Site, judge_build
from accelinstall.selection.machine import machine_of
from tests.selection.machines import (
    APPLE,
    CATALOG,
    TORCH,
    alpine,
    amd,
    ask,
    findings,
    linux,
    macos,
    nvidia,
    report,
    windows,
)

TENSORFLOW = Wish(name="tensorflow", extras=("and-cuda",))
RTX5090 = nvidia("RTX 5090", "sm_120", "580.95.05")
RTX3090 = nvidia("RTX 3090", "sm_86", "535.183.01")
ARM = linux(machine="aarch64")


def wish(text: str) -> Wish:
    """``jax[cuda12]==0.6.2`` as a wish."""
    from packaging.requirements import Requirement

    found = Requirement(text)
    return Wish(name=found.name, specifier=str(found.specifier), extras=tuple(sorted(found.extras)))


def preferring(prefer: Preference, machine: HardwareReport, *wishes: Wish) -> Selection:
    environment = choose_environment(machine)
    return select(machine, wishes, catalog=CATALOG, environment=environment, prefer=prefer)


def chosen(selection: Selection) -> dict[str, tuple[str, str]]:
    return {row.name: (row.version, row.backend) for row in selection.selected}


MACHINES = [
    ("tensorflow[and-cuda]", report(linux(), RTX5090), "2.21", "cu12"),
    ("tensorflow[and-cuda]", report(linux(), RTX3090), "2.21", "cu12"),
    ("tensorflow[and-cuda]", report(linux(), nvidia("GTX 980", "sm_52", "580.95.05")), "2.16", "cu12"),
    ("tensorflow[and-cuda]", report(linux(python="3.11.9"), nvidia("A100", "sm_80", "470.256.02")), "2.14", "cu11"),
    ("tensorflow[and-cuda]", report(ARM, nvidia("GH200", "sm_90", "580.95.05")), "2.21", "cpu"),
    ("tensorflow==2.22.0rc0", report(linux(python="3.14.0")), "2.22.0rc0", "cpu"),
    ("tensorflow", report(macos(), APPLE), "2.21", "cpu"),
    ("tensorflow", report(macos("14.6", machine="x86_64", python="3.11.9")), "2.16", "cpu"),
    ("tensorflow-cpu", report(windows()), "2.21", "cpu"),
    ("tensorflow-rocm", report(linux(python="3.11.9"), amd("MI210", "gfx90a")), "2.14", "rocm6-0"),
    ("tensorflow-metal", report(macos(), APPLE), "1.2", "mps"),
    ("jax[cuda12]", report(linux(), RTX3090), "0.12", "cu12"),
    ("jax[cuda13]", report(linux(), RTX5090), "0.12", "cu13"),
    ("jax[cuda]", report(linux(python="3.11.9"), RTX3090), "0.10", "cu12"),
    ("jax[rocm7-local]", report(linux(), amd("MI300X", "gfx942")), "0.12", "rocm7"),
    ("jax", report(macos(), APPLE), "0.12", "cpu"),
    ("jax", report(macos("14.6", machine="x86_64", python="3.11.9")), "0.4", "cpu"),
    ("onnxruntime-gpu", report(linux(), RTX5090), "1.31", "cu13"),
    ("onnxruntime-gpu", report(linux(), RTX3090), "1.26", "cu12"),
    ("onnxruntime-gpu", report(ARM, nvidia("GB10", "sm_121", "580.95.05")), "1.31", "cu13"),
    ("onnxruntime", report(Platform(system="windows", machine="arm64", python_version="3.12.1")), "1.31", "cpu"),
    ("onnxruntime-directml", report(windows()), "1.24", "directml"),
    ("cupy-cuda12x", report(linux(), RTX3090), "14.2", "cu12"),
    ("cudf-cu13", report(linux(), RTX5090), "26.10", "cu13"),
    ("vllm", report(linux(), RTX5090), "0.33", "cu13"),
    ("vllm", report(linux(), RTX3090), "0.19", "cu12"),
    ("faiss-cpu", report(alpine()), "1.15", "cpu"),
    ("mlx", report(macos(), APPLE), "0.32", "mps"),
    ("mlx[cuda13]", report(linux(), RTX5090), "0.32", "cu13"),
    ("llama-cpp-python", report(linux(), RTX5090), "", "cu132"),
    ("bitsandbytes", report(linux(), RTX3090), "0.50", "cu126"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "machine", "version", "backend"), MACHINES)
def test_a_machine_gets_the_newest_release_that_runs_there(
    text: str, machine: HardwareReport, version: str, backend: str
) -> None:
    asked = wish(text)
    assert chosen(ask(machine, asked))[asked.name] == (version, backend)


REFUSED = [
    ("tensorflow", report(alpine()), "libc-unsupported", "python:3.12-slim"),
    ("tensorflow-cpu", report(ARM), "platform-unsupported", "write `tensorflow`"),
    ("tensorflow-cpu", report(macos(), APPLE), "platform-unsupported", "write `tensorflow`"),
    ("tensorflow[and-cuda]", report(windows(), nvidia("RTX 4090", "sm_89", "581.57")), "platform-unsupported",
     "write `tensorflow`"),
    ("tensorflow[and-cuda]==2.15.0", report(linux(python="3.11.9"), RTX3090), "known-broken", ""),
    ("jax[cuda13]", report(linux(), RTX3090), "driver-too-old", "write `jax[cuda12]`"),
    ("jax[cuda13]", report(linux(), nvidia("V100", "sm_70", "580.95.05")), "architecture-not-compiled",
     "write `jax[cuda12]`"),
    ("jax[cuda13]==0.7.1", report(linux(), RTX5090), "known-broken", ""),
    ("jax[rocm7-local]==0.12.0.1", report(linux(), amd("MI300X", "gfx942")), "known-broken", ""),
    ("jax", report(macos(machine="x86_64", python="3.12.1", rosetta=True), APPLE), "cpu-flags-missing", "arm64 Python"),
    ("onnxruntime-gpu[cuda,cudnn]==1.27.0", report(linux(), RTX5090), "known-broken", ""),
    ("cudf-cu12", report(macos(), APPLE), "platform-unsupported", ""),
    ("mxnet", report(linux()), "retired", "write `torch`"),
    ("tensorflow-gpu", report(linux()), "retired", "write `tensorflow[and-cuda]`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "machine", "code", "hint"), REFUSED)
def test_what_cannot_run_is_refused_with_the_exact_edit(
    text: str, machine: HardwareReport, code: str, hint: str
) -> None:
    asked = wish(text)
    with pytest.raises(NoBuildFits) as caught:
        ask(machine, asked)
    assert hint in caught.value.hint
    assert code in {row.code for row in caught.value.verdicts if row.package == asked.name}


def test_a_processor_without_avx_is_refused_with_what_it_lacks() -> None:
    machine = replace(report(linux()), cpu=Cpu(flags=("sse4_2",)))
    with pytest.raises(NoBuildFits, match="compiled with AVX and this processor has no AVX") as caught:
        ask(machine, Wish(name="tensorflow"))
    verdict = next(row for row in caught.value.verdicts if row.code == "cpu-flags-missing")
    assert verdict.needed == "avx"
    # What the flags say of an arm processor, or of one nobody could read, stands against nothing.
    assert ask(replace(report(ARM), cpu=Cpu(flags=("asimd",))), Wish(name="tensorflow")).selected
    assert ask(report(linux()), Wish(name="tensorflow")).selected


@pytest.mark.parametrize(("driver", "code"), [("560.35.03", "ptx-not-compilable"), ("570.26", "accepted")])
def test_blackwell_runs_tensorflow_by_ptx_from_driver_570_on(driver: str, code: str) -> None:
    build = next(item for item in load_framework("tensorflow").builds if "2.21.0" in item.releases and item.version)
    machine = machine_of(report(linux(), nvidia("RTX 5090", "sm_120", driver)), "cuda")
    assert judge_build(build, "2.21.0", Site(machine=machine, environment="cuda", catalog=CATALOG)).verdict.code == code


def test_tensorflow_alone_on_a_gpu_is_told_the_extra() -> None:
    selection = ask(report(linux(), RTX3090), TORCH, wish("tensorflow>=2.20"))
    assert selection.candidates[0].target.backend_of("tensorflow") == "cpu"
    warning = next(item for item in selection.warnings if item.id == "cpu-build-on-gpu")
    assert warning.level == "warning"
    assert warning.hint == "write `tensorflow[and-cuda]>=2.20`"


def test_onnxruntime_and_jax_alone_on_a_gpu_are_told_what_its_driver_runs() -> None:
    hints = [item.hint for item in ask(report(linux(), RTX3090), Wish(name="jax"), Wish(name="onnxruntime")).warnings]
    assert "write `jax[cuda12]`" in hints
    assert any("onnxruntime-gpu[cuda,cudnn]" in hint for hint in hints)


def test_cpu_packages_are_nobodys_mistake() -> None:
    assert "cpu-build-on-gpu" not in findings(ask(report(linux(), RTX3090), Wish(name="tensorflow-cpu")))
    assert findings(ask(report(linux()), Wish(name="tensorflow"))) == []


def test_a_cuda_extra_without_a_gpu_computes_on_the_cpu_and_says_so() -> None:
    selection = ask(report(linux()), TENSORFLOW)
    assert chosen(selection)["tensorflow"] == ("2.21", "cpu")
    assert findings(selection) == ["package-without-device"]


def test_two_packages_that_write_one_folder_are_named() -> None:
    selection = ask(report(linux(), RTX3090), Wish(name="onnxruntime"), Wish(name="onnxruntime-gpu"))
    assert "family-mixed" in findings(selection)


def test_each_framework_has_its_own_backend_beside_torchs() -> None:
    selection = ask(report(linux(), RTX5090), TORCH, TENSORFLOW, wish("jax[cuda12]"), Wish(name="onnxruntime-gpu"))
    target = selection.candidates[0].target
    assert target.backend == "cu130"
    assert dict(target.backends) == {"jax": "cu12", "onnxruntime": "cu13", "tensorflow": "cu12"}
    assert Target.parse(str(target)) == target
    assert len(selection.candidates) == 8
    assert selection.candidates[0].choices[0].package == "torch"


def test_without_torch_the_first_framework_is_the_head() -> None:
    candidate = ask(report(linux(), RTX5090), TENSORFLOW).candidates[0]
    assert candidate.target.slug == "cu12-linux-x86_64-cp312"
    assert candidate.target.backend_of("torch") == "cu130"
    assert candidate.choices[0].package == "tensorflow"
    assert candidate.choices[0].versions[0] == "2.21.0"


def test_torch_is_chosen_as_if_nobody_stood_beside_it() -> None:
    machine = report(linux(), RTX5090)
    alone, together = ask(machine), ask(machine, TORCH, TENSORFLOW, Wish(name="onnxruntime-gpu"))
    assert chosen(together)["torch"] == chosen(alone)["torch"]
    assert together.candidates[0].choice("torch") == alone.candidates[0].choice("torch")


def test_shared_takes_one_cuda_major_where_a_build_allows_it() -> None:
    machine = report(linux(), RTX5090)
    newest = preferring("newest", machine, TORCH, TENSORFLOW)
    shared = preferring("shared", machine, TORCH, TENSORFLOW)
    assert chosen(newest) == {"torch": ("2.15", "cu130"), "tensorflow": ("2.21", "cu12")}
    assert chosen(shared) == {"torch": ("2.11", "cu128"), "tensorflow": ("2.21", "cu12")}
    assert shared.candidates[0].download_bytes < newest.candidates[0].download_bytes
    word = next(item for item in newest.warnings if item.id == "two-cuda-stacks")
    assert "about 6.5 GB together" in word.message
    assert word.hint.startswith("--prefer shared would take torch 2.11 with cu128 and tensorflow 2.21 with cu12")


def test_smallest_takes_the_fewest_bytes() -> None:
    selection = preferring("smallest", report(linux(), RTX3090), TORCH)
    sizes = [candidate.download_bytes for candidate in selection.candidates if candidate.download_bytes]
    assert sizes == sorted(sizes)
    assert len(sizes) > 1


def test_libraries_of_one_cuda_major_count_once() -> None:
    selection = preferring("shared", report(linux(), RTX5090), TORCH, TENSORFLOW)
    rows = {row.name: row.download_bytes for row in selection.selected}
    assert max(rows.values()) < selection.candidates[0].download_bytes < sum(rows.values())


def test_a_project_source_for_a_framework_is_its_own_business() -> None:
    asked = Wish(name="onnxruntime-gpu", source_url="https://pypi.jetson-ai-lab.io/jp6/cu126")
    assert ask(report(linux(), RTX3090), asked).selected == ()


def test_a_release_after_the_catalog_is_judged_by_its_series_or_left_to_the_resolver() -> None:
    machine = report(linux(), RTX5090)
    patch = ask(machine, wish("tensorflow[and-cuda]==2.21.7"))
    assert chosen(patch)["tensorflow"] == ("2.21.7", "cu12")
    later = ask(machine, wish("tensorflow[and-cuda]>=3"))
    assert later.selected == ()
    assert "release-newer-than-catalog" in findings(later)


def test_a_target_for_elsewhere_gets_no_newer_cuda_than_it_names() -> None:
    nowhere = report(linux())
    selection = ask(nowhere, TORCH, Wish(name="onnxruntime-gpu"), environment="cuda", backend="cu126")
    assert chosen(selection)["onnxruntime-gpu"] == ("1.26", "cu12")
    major = ask(nowhere, TENSORFLOW, environment="cuda", backend="cu12")
    assert major.candidates[0].target.slug == "cu12-linux-x86_64-cp312"


def test_an_extra_says_which_build_where_no_device_does() -> None:
    nowhere = report(linux())
    assert chosen(ask(nowhere, wish("jax[cuda12]"), environment="cuda"))["jax"] == ("0.12", "cu12")
    with pytest.raises(BackendNeeded):
        ask(nowhere, Wish(name="onnxruntime-gpu"), environment="cuda")


@pytest.mark.parametrize(("driver", "fits"), [("580.95.05", True), ("570.26", False)])
def test_a_newer_cuda_than_the_catalogs_is_judged_by_its_majors_driver(driver: str, fits: bool) -> None:
    machine = report(linux(), nvidia("RTX 5090", "sm_120", driver))
    asked = replace(TORCH, backend="cu134")
    if not fits:
        with pytest.raises(NoBuildFits, match=r"580\.65\.06"):
            ask(machine, asked)
        return
    selection = ask(machine, asked)
    assert chosen(selection)["torch"][1] == "cu134"
    assert "backend-newer-than-catalog" in findings(selection)
    choice = selection.candidates[0].choice("torch")
    assert choice is not None
    assert choice.versions == ()


def rows() -> list[FrameworkBuild]:
    return [build for name in FRAMEWORK_FILES for build in load_framework(name).builds]


def machine_for(build: FrameworkBuild, platform: str, python: str) -> HardwareReport:
    """A machine that has what *build* asks for."""
    system, _, machine = platform.partition("-")
    where = Platform(system=system, machine=machine, python_version=f"{python[2]}.{python[3:]}")
    vendors = {"cuda": "nvidia", "rocm": "amd", "mps": "apple"}
    vendor = vendors.get(build.environment or "")
    code = (*build.code, "")[0]
    fallback = {"nvidia": "sm_86", "amd": "gfx942", "apple": "apple"}.get(vendor or "", "")
    devices = [Device(vendor=vendor, name="a device", architecture=code or fallback)] if vendor else []  # type: ignore[arg-type]
    return HardwareReport(platform=where, devices=tuple(devices))


@pytest.mark.parametrize("build", rows(), ids=lambda b: f"{b.package}-{b.backend}-{(*b.releases, 'any')[0]}")
def test_each_row_is_accepted_by_some_machine_or_says_why_by_none(build: FrameworkBuild) -> None:
    for wheel in build.wheels:
        machine = machine_for(build, wheel.platform, wheel.pythons[0])
        environment = build.environment or "cpu"
        site = Site(machine=machine_of(machine, environment), environment=environment, catalog=CATALOG)
        for release in build.releases or ("",):
            judged = judge_build(build, release, site, extras=build.extras)
            if build.broken and not build.broken_extras:
                assert judged.verdict.code == "known-broken"
                assert judged.verdict.reason == build.broken
            else:
                assert judged.verdict.accepted, judged.verdict
