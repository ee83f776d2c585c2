"""From a page with variants to an environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from accelinstall.model.installation import Interpreter
from accelinstall.model.lock import Lock, LockedPackage
from accelinstall.model.target import Target
from accelinstall.pipeline.installing import LockedForOtherTarget, ensure_lock_fits
from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.running import Workplace
from tests.variants.releases import publish

PYPROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["demo"]\n'
VARIANTS = {
    "broad": {"blas": {"library": ["mkl"]}},
    "narrow": {"blas": {"library": ["openblas"]}},
    "other": {"unheard": {"of": ["it"]}},
    "null": {},
}
OPTION = "--experimental-variants"


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    place = Workplace(tmp_path / "place")
    place.write(PYPROJECT)
    return place


@pytest.fixture
def server(tmp_path):
    with IndexServer() as running:
        publish(running, tmp_path / "wheels", VARIANTS, ["blas", "unheard"])
        yield running


def wheel_in(workplace):
    (lock,) = workplace.project.glob("pylock.*.toml")
    return next(name for name in lock.read_text().split('"') if name.startswith("demo-") and name.endswith(".whl"))


def test_the_chosen_variant_is_locked_installed_and_found_fresh(workplace, server):
    options = ("--environment", "cpu", "--index-url", server.simple_url, OPTION)
    done = workplace.run("optimize", *options)
    assert done.code == 0, done.err
    assert wheel_in(workplace) == "demo-1.0-py3-none-any-narrow.whl"
    assert workplace.installed() == {"demo": "1.0"}
    python = workplace.venv / "bin" / "python"
    said = subprocess.run([python, "-c", "import demo; print(demo.LABEL)"], check=True, capture_output=True, text=True)
    assert said.stdout == "narrow\n"
    (told,) = workplace.venv.glob("lib/python*/site-packages/demo-1.0.dist-info/variant.json")
    assert json.loads(told.read_text())["variants"] == {"narrow": VARIANTS["narrow"]}
    assert server.count("/files/demo-1.0-variants.json") == 1
    server.clear_requests()
    again = workplace.run("optimize", *options, "--json")
    assert (again.code, server.count()) == (0, 0)
    assert again.document["lock"]["fresh"]
    assert again.document["transaction"]["steps"] == []


def test_a_locked_variant_is_held_to_the_tags_in_its_name():
    def lock(tag: str) -> Lock:
        package = LockedPackage(name="demo", version="1.0", filename=f"demo-1.0-{tag}-fast.whl", sha256="0" * 64)
        target = Target.parse("cpu-linux-x86_64-cp311;libc=glibc-2.39")
        return Lock(target=target, packages=(package,))

    older = Interpreter(
        executable="python", version="3.11.7", python="cp311", platform="linux-x86_64", libc="glibc-2.28"
    )
    ensure_lock_fits(lock("py3-none-manylinux_2_28_x86_64"), older)
    with pytest.raises(LockedForOtherTarget):
        ensure_lock_fits(lock("py3-none-manylinux_2_39_x86_64"), older)


def test_without_the_option_the_plain_wheel_is_taken_and_the_lock_is_another(workplace, server):
    workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url, OPTION)
    server.clear_requests()
    done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url)
    assert done.code == 0, done.err
    assert wheel_in(workplace) == "demo-1.0-py3-none-any.whl"
    assert server.count("/files/demo-1.0-variants.json") == 0


def test_a_lock_for_another_processor_is_not_fresh(workplace, server, tmp_path):
    hosts = Path(__file__).parent.parent / "hosts"
    lock = ("lock", "--environment", "cpu", "--index-url", server.simple_url, OPTION, "--json", "--host")
    old, new = (str(hosts / name) for name in ("linux-without-avx", "linux-laptop-no-gpu"))
    assert [workplace.run(*lock, host).document["locks"][0]["fresh"] for host in (old, old, new)] == [
        False,
        True,
        False,
    ]


def test_a_release_without_a_variant_that_fits_gives_way_to_an_older_one(workplace, server, tmp_path):
    publish(server, tmp_path / "newer", {"other": VARIANTS["other"]}, ["unheard"], version="2.0", plain=False)
    done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url, OPTION)
    assert done.code == 0, done.err
    assert wheel_in(workplace) == "demo-1.0-py3-none-any-narrow.whl"


def test_what_does_not_fit_is_told_by_its_label(workplace, tmp_path):
    with IndexServer() as server:
        publish(server, tmp_path / "wheels", {"other": VARIANTS["other"]}, ["unheard"], plain=False)
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url, OPTION)
    assert done.code == 1
    assert "no variant for this machine: `other` needs what is not here" in done.err


def test_a_variant_of_an_unknown_format_is_left_for_the_plain_wheel(workplace, tmp_path):
    with IndexServer() as server:
        publish(server, tmp_path / "wheels", VARIANTS, ["blas", "unheard"], schema="https://x.test/v7.0.0.json")
        done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url, OPTION)
    assert done.code == 0, done.err
    assert wheel_in(workplace) == "demo-1.0-py3-none-any.whl"


def test_nonsense_about_variants_ends_in_an_error_with_a_way_out(workplace, server, tmp_path):
    path = tmp_path / "wheels" / "demo-1.0-variants.json"
    path.write_text("{")
    server.add(path)
    done = workplace.run("lock", "--environment", "cpu", "--index-url", server.simple_url, OPTION)
    assert done.code == 1
    assert "demo-1.0-variants.json cannot be used" in done.err
    assert "hint: leave out --experimental-variants" in done.err


def test_among_wheels_of_one_label_the_better_tag_and_build_win(workplace, tmp_path):
    name = "demo-1.0-{}-null.whl".format
    with IndexServer() as server:
        for middle in ("py2.py3-none-any", "1-py3-none-linux_x86_64", "2-py3-none-linux_x86_64"):
            tag = middle[2:] if middle[0].isdigit() else middle
            server.add(make_wheel(tmp_path / middle, "demo", "1.0", tag=tag, filename=name(middle)))
        publish(server, tmp_path / "wheels", {}, ["blas"], plain=True)
        done = workplace.run(
            *("lock", "--environment", "cpu", "--platform", "linux-x86_64", "--index-url", server.simple_url, OPTION)
        )
    assert done.code == 0, done.err
    assert wheel_in(workplace) == name("2-py3-none-linux_x86_64")
