"""The edit of ``init`` by itself: laws on every project, and whatever a file holds."""

from __future__ import annotations

import copy
import tomllib

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.errors import ProjectError
from accelinstall.model.project import Source
from accelinstall.project.initialising import initialised
from accelinstall.project.placing import Placement, Spelling
from tests.project.reading import PROJECTS
from tests.project.test_any_input import VALUES, places

TEXTS = {path.parent.name: path.read_bytes().decode() for path in sorted(PROJECTS.glob("*/pyproject.toml"))}
FRAMEWORKS = ("torch", "torchvision", "torchaudio", "onnxruntime", "tensorflow", "jax")
SERVED = frozenset({"torch", "torchvision", "torchaudio"})
CPU = Placement(
    environment="cpu",
    source=Source(name="pytorch-cpu", url="https://download.pytorch.org/whl/cpu", priority="explicit"),
    served=SERVED,
    label="cpu",
)
CUDA = Placement(
    environment="cuda",
    source=Source(name="pytorch-cu130", url="https://download.pytorch.org/whl/cu130", priority="explicit"),
    served=SERVED,
    label="cu130",
    spellings={"onnxruntime": Spelling(name="onnxruntime-gpu", extras=("cuda",))},
)


def edited(raw: bytes, *placements: Placement) -> bytes:
    return initialised(raw, placements=placements, targets=("cpu", "cu130"), frameworks=FRAMEWORKS).after


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_endings_and_mark_of_the_file_are_those_of_the_edit(name: str, mark: bytes) -> None:
    text = TEXTS[name].replace("\r\n", "\n")
    plain = edited(text.encode(), CPU, CUDA)
    assert edited(mark + text.replace("\n", "\r\n").encode(), CPU, CUDA) == mark + plain.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("name", TEXTS)
def test_one_target_after_the_other_gives_the_groups_that_both_at_once_give(name: str) -> None:
    raw = TEXTS[name].encode()
    both, one = edited(raw, CPU, CUDA), edited(edited(raw, CPU), CUDA)
    # What is there is left as it is: the order of tables differs, and what the second group copies from.
    assert groups_of(one).keys() == groups_of(both).keys()
    assert edited(one, CPU, CUDA) == one


def groups_of(raw: bytes) -> dict[str, object]:
    data = tomllib.loads(raw.decode())
    written = data.get("tool", {}).get("poetry", {}).get("group", {})
    return {**written, **data.get("dependency-groups", {})}


@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_whatever_a_file_holds_it_is_edited_or_refused(data: st.DataObject) -> None:
    document = copy.deepcopy(tomllib.loads(data.draw(st.sampled_from(sorted(TEXTS.values())))))
    *parents, last = data.draw(st.sampled_from(list(places(document))))
    holder = document
    for step in parents:
        holder = holder[step]
    holder[last] = data.draw(VALUES)
    raw = tomlkit.dumps(document).encode()
    try:
        once = edited(raw, CPU, CUDA)
    except ProjectError:
        return
    assert edited(once, CPU, CUDA) == once
