"""The wheels that tests make are real wheels."""

import base64
import hashlib
import stat
import zipfile

from installer.sources import WheelFile
from packaging.metadata import parse_email

from accelinstall.testing import Member, make_sdist, make_wheel


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    first = make_wheel(tmp_path / "a", "demo", "1.0", requires=["idna>=3"])
    second = make_wheel(tmp_path / "b", "demo", "1.0", requires=["idna>=3"])
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes() != make_wheel(tmp_path / "c", "demo", "1.0", requires=["idna>=4"]).read_bytes()


def test_another_installer_accepts_the_record_of_a_made_wheel(tmp_path):
    wheel = make_wheel(
        tmp_path,
        "Demo.Thing",
        "1.0+cpu",
        tag="cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
        files={"demo/__init__.py": "x = 1\n", "demo/a,b.txt": b"\x00"},
        data={"scripts/run": "#!python\n", "headers/x.h": ""},
        entry_points={"console_scripts": {"demo": "demo:main"}},
    )
    assert wheel.name == "Demo_Thing-1.0+cpu-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    with WheelFile.open(wheel) as source:
        source.validate_record()
        assert source.read_dist_info("entry_points.txt") == "[console_scripts]\ndemo = demo:main\n"
        assert source.read_dist_info("WHEEL").count("Tag: ") == 2
        modes = {record[0]: executable for record, _, executable in source.get_contents()}
        assert modes["Demo_Thing-1.0+cpu.data/scripts/run"] is True
        assert modes["demo/__init__.py"] is False


def test_metadata_says_what_was_asked(tmp_path):
    wheel = make_wheel(
        tmp_path, "demo", "1.0", requires=["idna>=3; extra == 'x'"], requires_python=">=3.9", extras=["x"]
    )
    with zipfile.ZipFile(wheel) as archive:
        raw, unknown = parse_email(archive.read("demo-1.0.dist-info/METADATA"))
    assert unknown == {}
    assert (raw["name"], raw["version"], raw["requires_python"]) == ("demo", "1.0", ">=3.9")
    assert (raw["requires_dist"], raw["provides_extra"]) == (["idna>=3; extra == 'x'"], ["x"])


def test_wheels_can_be_made_wrong(tmp_path):
    wheel = make_wheel(
        tmp_path,
        "demo",
        "1.0",
        filename="other-2.0-py3-none-any.whl",
        metadata=lambda text: text.replace("Name: demo", "Name: evil"),
        record=lambda text: text.replace("demo/__init__.py", "demo/missing.py"),
        members=[
            Member(path="../evil.py", content="boom"),
            Member(path="demo/__init__.py", content="twice"),
            Member(path="demo/link", content="/etc/passwd", mode=stat.S_IFLNK | 0o777),
        ],
    )
    assert wheel.name == "other-2.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        assert b"Name: evil" in archive.read("demo-1.0.dist-info/METADATA")
        assert b"demo/missing.py" in archive.read("demo-1.0.dist-info/RECORD")
        assert archive.namelist().count("demo/__init__.py") == 2
        assert "../evil.py" in archive.namelist()
        assert stat.S_ISLNK(archive.getinfo("demo/link").external_attr >> 16)


def test_rewritten_metadata_is_still_recorded_rightly(tmp_path):
    wheel = make_wheel(tmp_path, "demo", "1.0", metadata=lambda text: text + "Summary: more\n")
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read("demo-1.0.dist-info/METADATA")
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (
            f"demo-1.0.dist-info/METADATA,sha256={digest},{len(content)}"
            in archive.read("demo-1.0.dist-info/RECORD").decode()
        )


def test_an_sdist_holds_its_pkg_info(tmp_path):
    import tarfile

    path = make_sdist(tmp_path, "demo-thing", "1.0", files={"setup.py": ""}, pyproject="[build-system]\n")
    with tarfile.open(path) as archive:
        assert sorted(archive.getnames()) == [f"demo_thing-1.0/{n}" for n in ("PKG-INFO", "pyproject.toml", "setup.py")]
