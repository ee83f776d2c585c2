"""What a lock holds is written so that it is read back as the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.model.lock import LockedPackage
from accelinstall.model.origin import Origin
from accelinstall.model.project import Export
from accelinstall.project import InvalidProject, parse_requirements
from accelinstall.project.exporting import Indexes, render_constraints, render_requirements, requirement_line
from tests.project.reading import project

DEFAULT = "https://packages.example.com/simple/"
TORCH = "https://download.pytorch.org/whl/cpu"


def locked(name: str, version: str = "1.0", *, source: str = DEFAULT, **more: object) -> LockedPackage:
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    values = {"sha256": f"{hash(name) % 16:x}" * 64, "url": f"{source}{filename}", "source": source, **more}
    return LockedPackage(name=name, version=version, filename=filename, **values)  # type: ignore[arg-type]


def rendered(*packages: LockedPackage, **more: object) -> str:
    indexes = Indexes(default=DEFAULT, find_links=("wheels",))
    values = {"notes": ("a note",), "indexes": indexes, "directory": "/home/project", **more}
    return render_requirements(packages, **values)  # type: ignore[arg-type]


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4})?", fullmatch=True)
VERSIONS = st.from_regex(
    r"[1-9][0-9]?(\.(0|[1-9][0-9]?)){0,3}(rc[1-9])?(\.post[1-9])?(\+(cpu|cu130|rocm7\.2))?", fullmatch=True
)
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(NAMES, VERSIONS, HASHES, st.sampled_from([DEFAULT, TORCH])), unique_by=lambda row: row[0]))
def test_an_export_read_again_is_the_lock(rows: list[tuple[str, str, str, str]]) -> None:
    packages = [locked(name, version, sha256=sha256, source=source) for name, version, sha256, source in rows]
    text = rendered(*packages)
    read = parse_requirements(["requirements.txt"], directory="/home/project", read=lambda _: text)
    wanted = {(str(item.requirement), item.hashes) for item in read.groups[0].wanted}
    assert wanted == {(f"{name}=={version}", (f"sha256:{sha256}",)) for name, version, sha256, _ in rows}
    assert [source.url for source in read.sources] == ([TORCH] if any(row[3] == TORCH for row in rows) else [])


def test_the_order_of_packages_does_not_matter() -> None:
    assert rendered(locked("a"), locked("b")) == rendered(locked("b"), locked("a"))


def test_the_sources_that_are_not_the_default_index_are_named_without_passwords() -> None:
    text = rendered(locked("a"), locked("b", source="https://user:secret@example.org/simple"))
    assert "--extra-index-url https://example.org/simple\n" in text
    assert "secret" not in text and DEFAULT not in text


def test_where_the_default_index_is_switched_off_the_first_source_stands_in_for_it() -> None:
    indexes = Indexes(default="https://elsewhere.example.com/", is_switched_off=True)
    assert f"--index-url {DEFAULT}\n" in rendered(locked("a"), indexes=indexes)


def test_no_index_is_named_when_none_is_wanted() -> None:
    assert "index" not in rendered(locked("a", source=TORCH), indexes=None)


def test_folders_that_the_project_names_are_named_when_something_came_from_there() -> None:
    assert "--find-links wheels" in rendered(locked("a", source="", url="", path="/wheels/a.whl"))
    assert "--find-links" not in rendered(locked("a"))


FOLDER = Origin(kind="directory", path="/home/models", editable=True)
COMMIT = Origin(kind="vcs", url="https://user:secret@example.org/x.git", commit="c" * 40, subdirectory="py")


@pytest.mark.parametrize(
    ("package", "line"),
    [
        (locked("a", "2.13.0+cpu"), "a==2.13.0+cpu"),
        (locked("a", direct=True, url="https://example.org/a.whl", source=""), "a @ https://example.org/a.whl"),
        (locked("a", origin=FOLDER), "-e ../models"),
        (locked("a", origin=Origin(kind="directory", path="/home/project/a", subdirectory="b")), "./a/b"),
        (locked("a", origin=COMMIT), f"a @ git+https://example.org/x.git@{'c' * 40}#subdirectory=py"),
        (locked("a", origin=Origin(kind="sdist", url="https://example.org/a.tar.gz")), "a==1.0"),
    ],
)
def test_each_kind_of_package_has_its_line(package: LockedPackage, line: str) -> None:
    assert requirement_line(package, directory="/home/project") == line


def test_where_one_package_has_no_hash_none_is_written_as_pip_wants_all_or_none() -> None:
    assert "--hash" not in rendered(locked("a"), locked("b", origin=FOLDER, sha256=""))
    assert rendered(locked("a"), locked("b")).count("--hash=sha256:") == 2
    assert "--hash" not in rendered(locked("a"), hashes=False)


def test_constraints_bound_names_and_leave_folders_out() -> None:
    text = render_constraints([locked("b"), locked("a", "2"), locked("c", origin=FOLDER)], notes=())
    assert text.splitlines()[1:] == ["a==2", "b==1.0"]


def test_an_export_says_what_it_wants_and_what_it_leaves_out_follows_from_the_name() -> None:
    read = project(
        """\
        [dependency-groups]
        dev = []
        [[tool.accelinstall.export]]
        output = "requirements.txt"
        without = ["dev"]
        hashes = false
        [[tool.accelinstall.export]]
        output = "locks/pylock.{target}.toml"
        [[tool.accelinstall.export]]
        output = 'config\\constraints.txt'
        target = "rocm7.2"
        """
    )
    first, second, third = read.settings.export
    assert first == Export(output="requirements.txt", without=("dev",), hashes=False, where="pyproject.toml:3")
    assert (second.format, third.format, third.output) == ("pylock", "constraints", "config/constraints.txt")
    assert third.target == "rocm7-2" and not third.hashes and not third.index


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "an export names no output"),
        ('outptu = "x"', "an export has no key `outptu`; did you mean `output`?"),
        ('output = "/etc/passwd"', "is not relative to the project"),
        ('output = "./pyproject.toml"', "is what exports are made from"),
        ('output = "x-{targe}.txt"', "holds a brace"),
        ('output = "x-{target}.txt"\ntarget = "cpu"', "means every target"),
        ('output = "x.txt"\nformat = "requirement"', "is not a format; did you mean `requirements`?"),
        ('output = "x.toml"\nformat = "pylock"', "is no name for a lock"),
        ('output = "x.txt"\nwith = ["dve"]', "the project has no group `dve`"),
        ('output = "x.txt"\nprofile = "productoin"', "there is no profile `productoin`; did you mean `production`?"),
        ('output = "x.txt"\nhashes = "no"', "must be true or false, not a string"),
        ('output = "x.txt"\n[[tool.accelinstall.export]]\noutput = "x.txt"', "is written twice"),
    ],
)
def test_a_wrong_export_is_refused_with_its_line(line: str, message: str) -> None:
    with pytest.raises(InvalidProject) as refusal:
        project(f"[[tool.accelinstall.export]]\n{line}\n")
    assert message in str(refusal.value) and "pyproject.toml:" in str(refusal.value)
