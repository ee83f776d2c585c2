"""Locks made up by hypothesis."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st

from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.origin import Origin
from accelinstall.model.target import Target
from accelinstall.values import replace

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


_commits = st.builds(
    Origin,
    kind=st.just("vcs"),
    url=st.sampled_from(["https://forge.test/a", "ssh://git@forge.test/a%20b.git"]),
    subdirectory=st.sampled_from(["", "python"]),
    revision=st.sampled_from(["", "main", "feature/x"]),
    commit=st.text(alphabet="0123456789abcdef", min_size=40, max_size=40),
)
_folders = st.builds(
    Origin,
    kind=st.just("directory"),
    path=st.sampled_from(["/srv/app/libs/a", "/srv/shared ä", "/other/b", "/srv/app"]),
    editable=st.booleans(),
    digest=hashes,
)


@st.composite
def packages(draw: st.DrawFn, name: str, others: Sequence[str]) -> LockedPackage:
    """One package called *name* that may need any of *others*."""
    version = draw(versions)
    shared: dict[str, Any] = {
        "name": name,
        "version": version,
        "requires_python": draw(specifiers),
        "requires": tuple(sorted(draw(st.sets(st.sampled_from(others), max_size=3)))) if others else (),
    }
    kind = draw(st.sampled_from(["wheel", "sdist", "vcs", "directory"]))
    if kind in {"vcs", "directory"}:
        origin = draw(_commits if kind == "vcs" else _folders)
        return LockedPackage(
            filename="", sha256="", url=origin.url, path=origin.path, direct=True, origin=origin, **shared
        )
    filename = f"{name.replace('-', '_')}-{version}" + ("-py3-none-any.whl" if kind == "wheel" else ".tar.gz")
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
    package = LockedPackage(
        filename=filename,
        sha256=draw(hashes),
        size=draw(st.none() | st.integers(0, 2**40)),
        source="" if direct else draw(st.sampled_from(["", "https://index.test/simple", "https://index.test/simple/"])),
        direct=direct,
        **place,
        **shared,
    )
    if kind == "wheel":
        return package
    subdirectory = draw(st.sampled_from(["", "python/x"])) if direct else ""
    origin = Origin(kind="sdist", url=package.url, path=package.path, sha256=package.sha256, subdirectory=subdirectory)
    return replace(package, origin=origin)


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
