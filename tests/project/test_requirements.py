"""Requirements files."""

from __future__ import annotations

import textwrap

import pytest

from accelinstall.errors import ProjectError
from accelinstall.model.project import Project, Source
from accelinstall.project import InvalidProject, ensure_hashes, parse_requirements
from tests.project.reading import finding_ids, requirements


def read_files(*paths: str, environ: dict[str, str] | None = None, **files: str) -> Project:
    texts = {name.replace("__", "/") + ".txt": textwrap.dedent(text) for name, text in files.items()}

    def read(path: str) -> str:
        if path not in texts:
            raise ProjectError(f"{path} cannot be read: no such file")
        return texts[path]

    return parse_requirements(paths or ["main.txt"], directory="/home/me/My App", read=read, environ=environ)


def test_requirements_are_read_with_extras_markers_comments_and_continuations():
    read = read_files(
        main="""\
        # a comment
        Torch[opt]>=2.7, <3   # another
        numpy \\
          >=2 \\
          ; python_version < "3.13"
        legacy===1.0-weird
        url-in-name @ https://files.example.com/x.whl#sha256=abc
        # numpy==1 \\
        last"""
    )
    assert [(str(item.requirement), item.where) for item in read.group("main").wanted] == [
        ("Torch[opt]<3,>=2.7", "main.txt:2"),
        ('numpy>=2; python_version < "3.13"', "main.txt:3"),
        ("legacy===1.0-weird", "main.txt:6"),
        ("url-in-name @ https://files.example.com/x.whl#sha256=abc", "main.txt:7"),
        ("last", "main.txt:9"),
    ]


def test_nested_files_are_found_beside_the_file_that_names_them():
    read = read_files(
        "requirements/dev.txt",
        requirements__dev="-r base.txt\npytest\n",
        requirements__base="--requirement=../shared.txt\nnumpy\n",
        **{"requirements__..__shared": "scipy\n"},
    )
    assert [(item.requirement.name, item.where) for item in read.group("main").wanted] == [
        ("scipy", "requirements/../shared.txt:1"),
        ("numpy", "requirements/base.txt:2"),
        ("pytest", "requirements/dev.txt:2"),
    ]


def test_constraints_hold_without_being_wanted():
    read = read_files(main="-c bounds.txt\npandas\n", bounds="numpy<2\n-r more.txt\n", more="scipy==1.14\n")
    assert requirements(read) == ["pandas"]
    assert [str(item.requirement) for item in read.constraints] == ["numpy<2", "scipy==1.14"]


def test_indexes_become_sources():
    read = read_files(
        main="""\
        --index-url https://packages.example.com/simple --extra-index-url=https://a.example/
        --extra-index-url https://download.pytorch.org/whl/cpu
        -f wheels
        --find-links https://files.example.com/wheels/
        --pre
        torch
        """
    )
    assert read.sources == (
        Source(name="index", url="https://packages.example.com/simple"),
        Source(name="extra-index", url="https://a.example/"),
        Source(name="extra-index-2", url="https://download.pytorch.org/whl/cpu"),
    )
    assert not read.uses_default_index
    assert read.settings.find_links == ("wheels", "https://files.example.com/wheels/")
    assert [item.prereleases for item in read.group("main").wanted] == [True]


def test_an_extra_index_stands_beside_the_default_one():
    read = read_files(main="--extra-index-url https://a.example/\n")
    assert read.uses_default_index
    assert [item.priority for item in read.sources] == ["primary"]


def test_the_last_index_wins_and_no_index_leaves_none():
    read = read_files(main="-i https://a.example/\n-ihttps://b.example/\n")
    assert [item.url for item in read.sources] == ["https://b.example/"]
    read = read_files(main="-i https://a.example/\n--no-index\n")
    assert (read.sources, read.uses_default_index) == ((), False)


def test_hashes_are_kept():
    digest = "ab" * 32
    read = read_files(main=f"numpy==2.1 \\\n    --hash=sha256:{digest} \\\n    --hash sha256:{'CD' * 32}\n")
    assert read.group("main").wanted[0].hashes == (f"sha256:{digest}", f"sha256:{'cd' * 32}")


@pytest.mark.parametrize(
    ("line", "requirement", "path", "editable"),
    [
        ("-e .", "my-app", ".", True),
        ("--editable=../lib[fast]", "lib[fast]", "../lib", True),
        ("-e ./src/#egg=real_name", "real_name", "src", True),
        ("./wheels/my_pkg-1.0-py3-none-any.whl", "my-pkg", "wheels/my_pkg-1.0-py3-none-any.whl", False),
        ("other-2.0.tar.gz ; sys_platform == 'linux'", 'other; sys_platform == "linux"', "other-2.0.tar.gz", False),
        ("file:///srv/wheels/a_b-1-py3-none-any.whl", "a-b", "/srv/wheels/a_b-1-py3-none-any.whl", False),
        ("https://x.example/a_b-1-py3-none-any.whl", "a-b @ https://x.example/a_b-1-py3-none-any.whl", None, False),
        ("git+https://x.example/r.git@v1#egg=r[x]", "r[x] @ git+https://x.example/r.git@v1", None, False),
        (
            "git+ssh://git@x.example/r#egg=r&subdirectory=py",
            "r @ git+ssh://git@x.example/r#subdirectory=py",
            None,
            False,
        ),
    ],
)
def test_files_folders_and_addresses_are_named_after_what_they_hold(line, requirement, path, editable):
    [item] = read_files(main=line + "\n").group("main").wanted
    assert (str(item.requirement), item.path, item.editable) == (requirement, path, editable)


def test_variables_are_filled_in_when_they_are_set():
    text = "-i https://${HOST}/simple\nnumpy==${VERSION}\n"
    read = read_files(main=text, environ={"HOST": "x.example", "VERSION": "2.1"})
    assert (read.sources[0].url, requirements(read)) == ("https://x.example/simple", ["numpy==2.1"])


def test_a_password_never_leaves_the_file():
    read = read_files(main="--index-url https://robot:hunter2@x.example/simple\n")
    assert read.sources[0].url == "https://x.example/simple"
    assert finding_ids(read) == {("secret-in-source-url", "main.txt:1")}
    assert "hunter2" not in repr(read)


def test_a_password_in_an_address_is_taken_out_too():
    read = read_files(main="https://robot:hunter2@x.example/a-1-py3-none-any.whl\n")
    assert requirements(read) == ["a @ https://x.example/a-1-py3-none-any.whl"]
    assert finding_ids(read) == {("secret-in-dependency-url", "main.txt:1")}
    assert "hunter2" not in repr(read)


HASH = "--hash=sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("main", "unhashed"),
    [
        (
            f"a==1 {HASH}\nb==2\n-e ./c\n",
            {"main.txt:2": "main.txt:1 lists some", "main.txt:3": "main.txt:1 lists some"},
        ),
        ("-r base.txt\nb==2\n", {"main.txt:2": "base.txt:1 has `--require-hashes`"}),
        (f"a==1 {HASH}\nb @ https://x.example/b-1-py3-none-any.whl#sha256={'ab' * 32}\n", {}),
        (f"a==1 {HASH}\nb==2\n-c bounds.txt\n", {}),
        ("a==1\nb==2\n", {}),
    ],
)
def test_hashes_are_listed_by_every_line_or_by_none(main, unhashed):
    read = read_files(main=main, base="--require-hashes\n", bounds=f"B<3 {HASH}\n")
    found = {}
    try:
        ensure_hashes(read)
    except InvalidProject as error:
        found = {problem.where: problem for problem in error.problems}
    assert found.keys() == unhashed.keys()
    assert all(cause in found[where].message for where, cause in unhashed.items())


def test_options_that_change_nothing_are_said():
    read = read_files(main="--no-binary :all:\nnumpy --config-settings a=b\n--prefer-binary\n")
    assert finding_ids(read) == {("option-not-used", "main.txt:1"), ("option-not-used", "main.txt:2")}
    assert requirements(read) == ["numpy"]


@pytest.mark.parametrize(
    "line", ["-r https://me:hunter2@x.example/", "https://me:hunter2@x.example/", "a @ https://me:hunter2@x b"]
)
def test_a_refusal_does_not_repeat_a_password(line):
    with pytest.raises(InvalidProject) as caught:
        read_files(main=line)
    assert "hunter2" not in caught.value.message
    assert "***@x" in caught.value.message


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("numpy ^2.1", "is not a requirement", "Poetry's notation"),
        ("numpy 2.1", "is not a requirement", "numpy==2.1"),
        ("two words here", "is not a requirement", "one requirement a line"),
        ("--requirment x.txt", "`--requirment` is not an option; did you mean `--requirement`?", ""),
        ("-r", "`--requirement` needs a value", ""),
        ("-r 'x", "the quotes of", ""),
        ("-r https://x.example/r.txt", "is an address", "download the file"),
        ("-r missing.txt", "missing.txt cannot be read: no such file", ""),
        ("-r main.txt", "main.txt includes itself: main.txt -> main.txt", ""),
        ("numpy --hash=md5:abc", "`md5:abc` is not a hash", "sha256"),
        ("https://x.example/download", "names no package", ""),
        ("-e /", "names no package", ""),
        ("http://[::1", "is no address", ""),
        ("numpy==" + "9" * 5000, "more than a thousand digits", ""),
        ("--index-url https://[x", "names no https, http or file address", ""),
    ],
)
def test_a_line_that_cannot_be_read_is_named(text, message, hint):
    with pytest.raises(InvalidProject) as caught:
        read_files(main=f"numpy\n\n{text}\n")
    assert [problem.where for problem in caught.value.problems] == ["main.txt:3"]
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_every_wrong_line_of_every_file_is_reported_at_once():
    with pytest.raises(InvalidProject) as caught:
        read_files("main.txt", "other.txt", main="a b c\n-r nested.txt\n", nested="x y z\n", other="1 2 3\n")
    assert [problem.where for problem in caught.value.problems] == ["main.txt:1", "nested.txt:1", "other.txt:1"]
