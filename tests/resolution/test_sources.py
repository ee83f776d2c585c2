"""Archives, folders and commits among the candidates, with a count of what had to be read."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from packaging.requirements import Requirement

from accelinstall.model.index import CoreMetadata, IndexFile, SourceTree
from accelinstall.model.origin import Origin
from accelinstall.model.project import Wanted
from accelinstall.model.target import Target
from accelinstall.resolution import (
    BuildNeeded,
    NothingMatches,
    Resolution,
    ResolutionImpossible,
    lock_of,
    resolve,
    route,
)
from tests.resolution.memory_index import DEFAULT_INDEX, MemoryIndex

CPU = Target.parse("cpu-linux-x86_64-cp311")
PACKAGES: list[dict[str, Any]] = [
    {"name": "both", "version": "2.0", "sdist": "too"},
    {"name": "newer", "version": "3.0", "sdist": True},
    {"name": "newer", "version": "2.0"},
    {"name": "wire", "versions": ["1.0", "2.0"]},
]


class MemorySources:
    """A ``SourceReader`` over dictionaries.

    :ivar asked: (call, subject) -> how often.
    """

    def __init__(self, trees: dict[str, CoreMetadata]) -> None:
        self._trees = trees
        self.asked: Counter[tuple[str, str]] = Counter()

    def find(self, url: str, *, name: str, where: str) -> SourceTree:
        self.asked["find", url] += 1
        origin = Origin(kind="directory", path=url.removeprefix("file://"), digest="d")
        version = self._trees[url].version
        return SourceTree(filename="", url=url, name=name, version=version, source="", is_wheel=False, origin=origin)

    def metadata(self, file: IndexFile) -> CoreMetadata:
        self.asked["metadata", file.filename or file.url] += 1
        return self._trees.get(file.url) or CoreMetadata(
            name=file.name, version=file.version, requires_dist=("wire<2",)
        )


def solved(
    *wanted: Wanted, sources: MemorySources | None, only_wheels: bool = False, packages: list[dict[str, Any]] = PACKAGES
) -> Resolution:
    """What *wanted* comes to, with the default index holding *packages*."""
    return resolve(
        wanted,
        target=CPU,
        routing=route(default_index=DEFAULT_INDEX),
        finder=MemoryIndex({"default": packages}),
        sources=sources,
        only_wheels=only_wheels,
        directory="/srv/project",
    )


def want(text: str, **more: Any) -> Wanted:
    return Wanted(requirement=Requirement(text), **more)


def versions(resolution: Resolution) -> dict[str, str]:
    return {package.name: package.file.version for package in resolution.packages}


def test_an_archive_counts_where_no_wheel_of_its_version_fits() -> None:
    sources = MemorySources({})
    found = solved(want("both"), want("newer"), sources=sources)
    assert versions(found) == {"both": "2.0", "newer": "3.0", "wire": "1.0"}
    both = found.package("both")
    assert both is not None and both.file.is_wheel
    assert sources.asked == {("metadata", "newer-3.0.tar.gz"): 1}


def test_wheels_only_leaves_archives_out_and_says_so() -> None:
    for sources, only_wheels in ((None, False), (MemorySources({}), True)):
        found = solved(want("newer"), sources=sources, only_wheels=only_wheels)
        assert versions(found) == {"newer": "2.0"}
        assert [note.id for note in found.notes] == ["needs-build"]
    with pytest.raises(NothingMatches, match="source distribution"):
        solved(want("newer>2"), sources=MemorySources({}), only_wheels=True)


def test_a_locked_archive_knows_its_origin() -> None:
    index = MemoryIndex({"default": PACKAGES})
    lock = lock_of(solved(want("newer"), sources=MemorySources({})), target=CPU, finder=index)
    newer = lock.package("newer")
    assert newer is not None and newer.is_unbuilt and newer.origin is not None and not newer.direct
    assert (newer.origin.kind, newer.origin.url, newer.origin.sha256) == ("sdist", newer.url, newer.sha256)


def test_a_folder_is_one_candidate_whoever_names_it_and_editable_if_anybody_says_so() -> None:
    trees = {
        "file:///srv/core": CoreMetadata(name="core", version="1.0", requires_dist=("wire",)),
        "file:///srv/project/app": CoreMetadata(
            name="app", version="2.0", requires_dist=("core @ file:///srv/project/../core#develop=true", "wire<2")
        ),
    }
    for order in (1, -1):
        sources = MemorySources(trees)
        wanted = [want("core", path="../core"), want("app", path="app")][::order]
        found = solved(*wanted, sources=sources)
        assert versions(found) == {"app": "2.0", "core": "1.0", "wire": "1.0"}
        files = {package.name: package.file for package in found.packages}
        core, app = files["core"], files["app"]
        assert isinstance(core, SourceTree) and core.origin.editable
        assert isinstance(app, SourceTree) and not app.origin.editable
        assert sources.asked["find", "file:///srv/core"] == 1


def test_no_index_is_asked_for_what_a_path_names() -> None:
    trees = {
        "file:///srv/core": CoreMetadata(name="core", version="1.0"),
        "file:///srv/project/app": CoreMetadata(name="app", version="2.0", requires_dist=("core>=1", "wire")),
    }
    index = MemoryIndex({"default": PACKAGES})
    found = resolve(
        [want("core", path="../core"), want("app", path="app")],
        target=CPU,
        routing=route(default_index=DEFAULT_INDEX),
        finder=index,
        sources=MemorySources(trees),
        directory="/srv/project",
    )
    assert versions(found) == {"app": "2.0", "core": "1.0", "wire": "2.0"}
    assert {subject.rpartition("/")[2] for call, subject in index.asked if call in {"files", "prefetch"}} == {"wire"}


def test_a_folder_of_another_version_than_somebody_needs_is_a_conflict() -> None:
    trees = {"file:///srv/core": CoreMetadata(name="core", version="1.0")}
    with pytest.raises((NothingMatches, ResolutionImpossible), match="core"):
        solved(
            want("core", path="../core"),
            want("core>=2"),
            sources=MemorySources(trees),
        )


def test_without_a_reader_what_has_to_be_built_is_refused_by_name() -> None:
    for item in (want("core", path="../core"), want("core @ git+https://forge.test/core"), want("x @ https://h/x.zip")):
        with pytest.raises(BuildNeeded, match="has to be built"):
            solved(item, sources=None)


def test_nothing_that_varies_with_hardware_is_built() -> None:
    from accelinstall.resolution import Admission, Place
    from accelinstall.resolution.shelf import FileJudge
    from accelinstall.resolution.standards import Wheels, parse_version

    judge = FileJudge(wheels=Wheels({}), python=parse_version("3.11.0"), builds=True)  # type: ignore[arg-type]
    (file,) = MemoryIndex({"default": [PACKAGES[1]]}).pages["default"]["newer"]
    source = route(default_index=DEFAULT_INDEX).places("newer")[0].places[0].source
    version = parse_version("3.0")
    assert version is not None
    assert judge.refuse(file, Place(source=source), version) is None
    refused = judge.refuse(file, Place(source=source, admission=Admission(label="cu130")), version)
    assert refused is not None and refused.code == "needs-build"
