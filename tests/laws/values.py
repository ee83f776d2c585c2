"""Strategies: any report, any target, and machines with recorded neighbours."""

from __future__ import annotations

from hypothesis import strategies as st

from accelinstall.model.hardware import ENVIRONMENTS, Cpu, Device, Evidence, HardwareReport, Memory, Platform
from accelinstall.model.target import Target, environment_of

texts = st.text(max_size=12)
versions = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}", fullmatch=True)
sizes = st.integers(0, 2**50)
evidence = st.builds(
    Evidence, probe=texts, source=texts, excerpt=st.text(max_size=40), failure=texts, absent=st.booleans()
)
devices = st.builds(
    Device,
    vendor=st.sampled_from(["nvidia", "amd", "intel", "apple"]),
    name=texts,
    architecture=st.none() | st.sampled_from(["sm_61", "sm_90", "gfx942", "xe-hpg", "apple"]),
    memory_bytes=st.none() | sizes,
    driver=st.none() | versions,
    driver_cuda=st.none() | versions,
    usable=st.booleans(),
    reason=texts,
    confirmed=st.booleans(),
    integrated=st.booleans(),
    tegra=st.booleans(),
    mig=st.booleans(),
    uuid=texts,
    evidence=st.lists(evidence, max_size=2).map(tuple),
)
reports = st.builds(
    HardwareReport,
    devices=st.lists(devices, max_size=3).map(tuple),
    cpu=st.builds(
        Cpu,
        model=texts,
        logical_cores=st.integers(0, 512),
        available_cores=st.floats(0, 512, allow_nan=False),
        level=texts,
        flags=st.lists(texts, max_size=3).map(tuple),
    ),
    memory=st.builds(Memory, total_bytes=sizes, limit_bytes=st.none() | sizes),
    platform=st.builds(
        Platform,
        system=st.sampled_from(["linux", "macos", "windows"]),
        machine=texts,
        release=texts,
        libc=st.sampled_from(["", "glibc", "musl"]),
        libc_version=versions,
        macos_version=st.just("") | versions,
        python_version=versions,
        container=texts,
        wsl=st.booleans(),
        board=texts,
        board_release=texts,
        rosetta=st.booleans(),
    ),
    evidence=st.lists(evidence, max_size=3).map(tuple),
)

BACKENDS = ["cpu", "edge", "mps", "xpu", "cu118", "cu126", "cu130", "cu132", "rocm6-4", "rocm7-2", "rocm7-14"]
PLATFORMS = ["linux-x86_64", "linux-aarch64", "macos-arm64", "macos-x86_64", "windows-x86_64", "windows-arm64"]
LIBCS = ["", "glibc-2.28", "glibc-2.39", "musl-1.2", "macos-14.0", "macos-15.1"]
ARCHITECTURES = ["sm_61", "sm_90", "sm_120", "gfx942", "gfx1100", "xe-hpg", "apple"]
targets = st.builds(
    lambda backend, environment, platform, python, libc, architectures, backends: Target(
        environment=environment or environment_of(backend),
        backend=backend,
        platform=platform,
        python=python,
        libc=libc,
        architectures=tuple(sorted(architectures)),
        backends=tuple(sorted(backends.items())),
    ),
    st.sampled_from(BACKENDS),
    st.none() | st.sampled_from(ENVIRONMENTS),
    st.sampled_from(PLATFORMS),
    st.sampled_from(["cp39", "cp311", "cp312", "cp313t", "cp315"]),
    st.sampled_from(LIBCS),
    st.sets(st.sampled_from(ARCHITECTURES), max_size=3),
    st.dictionaries(st.sampled_from(["tensorflow", "jax", "onnxruntime"]), st.sampled_from(BACKENDS), max_size=2),
)
