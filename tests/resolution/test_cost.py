"""What the search asks of the port, counted."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from packaging.version import Version

from accelinstall.model.index import IndexFile
from accelinstall.model.project import Source
from accelinstall.model.target import Target
from accelinstall.resolution import Place, lock_of
from accelinstall.resolution.shelf import FileJudge, Shelf
from accelinstall.resolution.standards import Wheels
from tests.resolution.memory_index import MemoryIndex
from tests.resolution.scenario import TARGET, run


def calls(index: MemoryIndex, call: str) -> list[str]:
    """The subjects of one kind of call, in the order first asked."""
    return [subject for name, subject in index.asked if name == call]


def test_the_pages_of_all_new_names_are_asked_for_before_the_first_is_waited_for() -> None:
    row = {
        "wanted": ["app", "tool"],
        "packages": [
            {"name": "app", "requires": ["x", "y", "z", "tool"]},
            *({"name": name} for name in ("tool", "x", "y", "z")),
        ],
    }
    index = run(row).index
    order = [(call, subject) for call, subject in index.asked if call in {"prefetch", "files"}]
    assert order[:3] == [("prefetch", "default/app"), ("prefetch", "default/tool"), ("files", "default/app")]
    position = order.index(("files", "default/x"))
    assert {("prefetch", f"default/{name}") for name in "xyz"} <= set(order[:position])
    assert index.count("prefetch") == 5


def test_the_pages_of_a_whole_level_are_on_their_way_before_one_is_waited_for() -> None:
    leaves = [f"{parent}{number}" for parent in "abc" for number in range(3)]
    row = {
        "wanted": list("abc"),
        "packages": [
            *({"name": parent, "requires": [leaf for leaf in leaves if leaf[0] == parent]} for parent in "abc"),
            *({"name": leaf} for leaf in leaves),
        ],
    }
    order = list(run(row).index.asked)
    asked = [order.index(("prefetch", f"default/{leaf}")) for leaf in leaves]
    waited = [order.index(("files", f"default/{leaf}")) for leaf in leaves]
    assert max(asked) < min(waited)
    read = [order.index(("metadata", f"{leaf}-1.0-py3-none-any.whl")) for leaf in leaves]
    assert max(waited) < min(read)


def test_an_error_met_while_reading_ahead_does_not_stop_the_search() -> None:
    row = {
        "wanted": ["app", "guard==1"],
        "sources": [{"name": "extra", "url": "https://extra.test/simple", "priority": "supplemental"}],
        "unreachable": ["extra"],
        "packages": [
            {"name": "app", "versions": ["2"], "requires": ["only-on-extra"]},
            {"name": "app", "versions": ["1"]},
            {"name": "guard", "versions": ["1"], "requires": ["app<2"]},
        ],
    }
    outcome = run(row)
    assert outcome.pins == {"app": "1", "guard": "1"}
    assert ("files", "extra/only-on-extra") in outcome.index.asked


def test_the_metadata_of_the_best_candidate_is_asked_for_when_its_page_is_there() -> None:
    row = {
        "wanted": ["app"],
        "packages": [
            {"name": "app", "requires": ["x", "y"]},
            {"name": "x", "versions": ["1", "2"]},
            {"name": "y", "versions": ["1", "2"]},
        ],
    }
    index = run(row).index
    order = list(index.asked)
    first_waited = order.index(("metadata", "x-2-py3-none-any.whl"))
    assert order.index(("prefetch_metadata", "y-2-py3-none-any.whl")) < first_waited
    assert calls(index, "metadata") == ["app-1.0-py3-none-any.whl", "x-2-py3-none-any.whl", "y-2-py3-none-any.whl"]
    assert calls(index, "prefetch_metadata") == calls(index, "metadata")


def test_the_longer_a_package_is_tried_the_further_ahead_its_metadata_is_asked_for() -> None:
    versions = [str(number) for number in range(1, 41)]
    row = {
        "wanted": ["many", "low<2"],
        "packages": [
            {"name": "many", "versions": versions[5:], "requires": ["low>=2"]},
            {"name": "many", "versions": versions[:5]},
            {"name": "low", "versions": ["1", "2"]},
        ],
    }
    outcome = run(row)
    assert outcome.pins == {"many": "5", "low": "1"}
    order = [subject for call, subject in outcome.index.asked if call in {"metadata", "prefetch_metadata"}]
    batches = [order.index(f"many-{number}-py3-none-any.whl") for number in (40, 39, 37, 33, 25)]
    assert batches == sorted(batches)
    asked = list(outcome.index.asked)
    seventh = asked.index(("metadata", "many-33-py3-none-any.whl"))
    assert asked.index(("prefetch_metadata", "many-26-py3-none-any.whl")) < seventh
    assert ("prefetch_metadata", "many-9-py3-none-any.whl") not in asked[:seventh]


def test_metadata_is_read_once_per_file_however_often_the_search_returns() -> None:
    row: dict[str, Any] = {
        "wanted": ["front", "back"],
        "packages": [
            {"name": "front", "versions": ["1", "2", "3", "4"], "requires": ["core=={version}"]},
            {"name": "back", "requires": ["core==1"]},
            {"name": "core", "versions": ["1", "2", "3", "4"]},
        ],
    }
    index = run(row).index
    assert set(index.asked.values()) <= {1, 2}
    assert all(number == 1 for (call, _), number in index.asked.items() if call in {"metadata", "files", "prefetch"})


def test_hashes_are_computed_for_chosen_files_whose_index_names_none() -> None:
    row = {
        "wanted": ["a", "b"],
        "packages": [{"name": "a", "versions": ["1", "2"], "unhashed": True}, {"name": "b"}],
    }
    outcome = run(row)
    assert outcome.resolution is not None
    lock = lock_of(outcome.resolution, target=Target.parse(TARGET), finder=outcome.index)
    assert calls(outcome.index, "sha256") == ["a-2-py3-none-any.whl"]
    assert all(len(package.sha256) == 64 for package in lock.packages)


def test_a_page_of_ten_thousand_files_is_judged_where_it_is_looked_at() -> None:
    ranks = {str(tag): rank for rank, tag in enumerate(Target.parse(TARGET).tags())}
    judge = CountingJudge(wheels=Wheels(ranks), python=Version("3.11.0"))
    files = [wheel(f"1.{minor}.{micro}", tag) for minor in range(50) for micro in range(20) for tag in TAGS]
    by_version = {version: list(group) for version, group in groupby(files, key=lambda file: file.version)}
    shelf = Shelf([(Place(source=Source(name="default", url="https://index.test")), by_version)], judge)
    assert len(files) == 10_000
    assert shelf.versions[0] == Version("1.49.19")
    assert shelf.offer(shelf.versions[0]).file == wheel("1.49.19", "cp311-cp311-manylinux_2_28_x86_64")
    assert judge.judged == len(TAGS)


TAGS = [f"cp3{n}-cp3{n}-{p}" for n in (9, 10, 11, 12, 13) for p in ("manylinux_2_28_x86_64", "win_amd64")]


class CountingJudge(FileJudge):
    """Counts the files it is asked about."""

    judged = 0

    def refuse(self, *arguments: Any) -> Any:
        self.judged += 1
        return super().refuse(*arguments)


def wheel(version: str, tag: str) -> IndexFile:
    """A file of a big page."""
    filename = f"big-{version}-{tag}.whl"
    url = f"https://files.test/{filename}"
    return IndexFile(filename=filename, url=url, name="big", version=version, source="default", is_wheel=True)
