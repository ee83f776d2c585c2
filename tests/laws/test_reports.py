"""A report survives its JSON, a target its text; a damaged record is a report or a named error."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.cli.documents import render, report_document
from accelinstall.hardware import MalformedRecord, MalformedReport, RecordedHost, detect, report_from_document
from accelinstall.model.hardware import HardwareReport
from accelinstall.model.target import Target, TargetSyntaxError
from tests.laws.values import reports, targets

HOSTS = sorted(Path(__file__).parents[1].joinpath("hosts").iterdir())
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@given(reports)
def test_a_report_read_back_from_its_json_is_itself(report: HardwareReport) -> None:
    assert report_from_document(json.loads(render(report_document(report, "cpu")))) == report


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_the_report_of_every_recorded_host_survives_its_json(host: Path) -> None:
    report = detect(RecordedHost(host))
    assert report_from_document(json.loads(render(report_document(report, "cpu")))) == report


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into *value*."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for step, inner in items for found in [(*path, step), *places(inner, (*path, step))]]


@given(report=reports, data=st.data())
def test_a_report_with_any_value_replaced_is_read_or_refused(report: HardwareReport, data: st.DataObject) -> None:
    document = json.loads(render(report_document(report, "cpu")))
    *parents, last = data.draw(st.sampled_from(places(document)))
    owner = document
    for step in parents:
        owner = owner[step]
    owner[last] = data.draw(ANYTHING)
    with contextlib.suppress(MalformedReport):
        assert isinstance(report_from_document(document), HardwareReport)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "schema is None, this version reads 1"),
        ({"schema": 2}, "schema is 2"),
        ({"schema": 1}, "missing required field `platform`"),
        ({"schema": 1, "platform": {"system": "linux", "machine": 3}}, "$.platform.machine: expected `str`"),
        (
            {"schema": 1, "platform": {"system": "linux", "machine": ""}, "devices": [{"vendor": "acme", "name": ""}]},
            "$.devices[0].vendor: invalid enum value 'acme'",
        ),
    ],
)
def test_what_is_wrong_with_a_report_is_told_with_its_place(document: dict[str, object], told: str) -> None:
    with pytest.raises(MalformedReport) as caught:
        report_from_document(document)
    assert told in caught.value.message


@given(targets)
def test_a_target_read_back_from_its_text_is_itself(target: Target) -> None:
    assert Target.parse(str(target)) == target
    assert Target.parse(target.slug).slug == target.slug


@given(
    st.text() | st.lists(st.sampled_from(["cu130", "-", "linux", "x86_64", "cp311", ";", "=", ",", ":"])).map("".join)
)
def test_any_text_is_a_target_or_not_one(text: str) -> None:
    with contextlib.suppress(TargetSyntaxError):
        target = Target.parse(text)
        assert Target.parse(str(target)) == target


@settings(deadline=None, max_examples=150)
@given(host=st.sampled_from(HOSTS), data=st.data())
def test_a_record_cut_off_anywhere_is_a_report_or_a_named_error(
    tmp_path_factory: pytest.TempPathFactory, host: Path, data: st.DataObject
) -> None:
    files = sorted(path for path in host.rglob("*") if path.is_file() and path.name != "expected.toml")
    cut = data.draw(st.sampled_from(files))
    folder = tmp_path_factory.mktemp("record") / "host"
    shutil.copytree(host, folder)
    content = cut.read_bytes()
    folder.joinpath(cut.relative_to(host)).write_bytes(content[: data.draw(st.integers(0, len(content)))])
    allowed = contextlib.suppress(MalformedRecord) if cut.name == "host.toml" else contextlib.nullcontext()
    with allowed:
        report = detect(RecordedHost(folder))
        assert not [item.failure for item in report.evidence if item.probe.endswith(".probe")]
    shutil.rmtree(folder)


@settings(deadline=None, max_examples=40)
@given(host=st.sampled_from(HOSTS), data=st.data())
def test_a_record_that_lacks_a_file_is_a_report(
    tmp_path_factory: pytest.TempPathFactory, host: Path, data: st.DataObject
) -> None:
    names = sorted(path.relative_to(host) for path in host.joinpath("root").rglob("*") if path.is_file())
    folder = tmp_path_factory.mktemp("record") / "host"
    shutil.copytree(host, folder)
    for name in data.draw(st.sets(st.sampled_from(names), max_size=3)) if names else ():
        folder.joinpath(name).unlink()
    report = detect(RecordedHost(folder))
    assert not [item.failure for item in report.evidence if item.probe.endswith(".probe")]
    shutil.rmtree(folder)
