"""Locks made up by hypothesis."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st

from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target

TARGETS = [
    Target.parse("cpu-linux-x86_64-cp311"),
    Target.parse(
        "cu130-linux-x86_64-cp312;environment=cuda;libc=glibc-2.39;arch=sm_120,sm_90;backends=tensorflow:cu12"
    ),
    Target.parse("rocm7-2-linux-x86_64-cp313t;environment=rocm;libc=glibc-2.28;arch=gfx942"),
    Target.parse("mps-macos-arm64-cp314;environment=mps;libc=macos-15.1"),
    Target.parse("edge-linux-aarch64-cp311;environment=edge;libc=glibc-2.36"),
]
names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4})?", fullmatch=True)
versions = st.sampled_from(["1", "1.0", "2.13.0+cpu", "1!2.0.post1", "0.1a1.dev3", "2026.11.20", "7.2+rocm7.2"])
hashes = st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)
sentences = st.text(alphabet=string.printable + "äß→\u2028\U0001f600", max_size=40)
specifiers = st.sampled_from(["", ">=3.9", ">=3.10,<3.15", "!=3.9.7,>=3.8"])


@st.composite
def packages(draw: st.DrawFn, name: str, others: Sequence[str]) -> LockedPackage:
    """One package called *name* that may need any of *others*."""
    version = draw(versions)
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    direct = draw(st.booleans())
    place: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"url": "https://files.test/a%20b/" + filename.replace("+", "%2B")},
                {"path": f"/wheels of mine/{filename}"},
                {"path": f"C:\\wheels\\{filename}"},
            ]
        )
    )
    return LockedPackage(
        name=name,
        version=version,
        filename=filename,
        sha256=draw(hashes),
        size=draw(st.none() | st.integers(0, 2**40)),
        source="" if direct else draw(st.sampled_from(["", "https://index.test/simple", "https://index.test/simple/"])),
        requires_python=draw(specifiers),
        requires=tuple(sorted(draw(st.sets(st.sampled_from(others), max_size=3)))) if others else (),
        direct=direct,
        **place,
    )


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    """A lock whose packages need each other in any way."""
    found = sorted(draw(st.sets(names, max_size=6)))
    groups = draw(st.lists(st.sampled_from(["main", "dev", "ml-gpu", 'odd "group".x']), unique=True, max_size=3))
    subset = st.sets(st.sampled_from(found)).map(lambda some: tuple(sorted(some))) if found else st.just(())
    return Lock(
        target=draw(st.sampled_from(TARGETS)),
        packages=tuple(draw(packages(name, [other for other in found if other != name])) for name in found),
        roots=draw(subset),
        groups=tuple(groups),
        requires_python=draw(specifiers),
        input_hash=draw(hashes | st.just("")),
        degraded=tuple(draw(st.lists(sentences, max_size=2))),
        overridden=tuple(draw(st.lists(sentences, max_size=2))),
        group_roots=tuple((group, draw(subset)) for group in groups),
    )
