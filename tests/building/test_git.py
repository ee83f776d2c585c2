"""Git repositories: which commit is locked, when it moves, and what is installed of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from accelinstall.building.git import GitAddress, parse_git_address
from accelinstall.testing import IndexServer
from tests.building.projects import HATCH, POETRY, committed, git, make_project, packed
from tests.building.running import direct_url, install_with, python, run
from tests.pipeline.running import Workplace

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with ``part`` 1.0 on ``main`` and tagged ``v1``, below ``python`` of it ``inner``."""
    folder = make_project(tmp_path / "the repository", "part")
    make_project(folder / "python", "inner", "3.0", kind=HATCH)
    committed(folder)
    git(folder, "tag", "v1")
    return folder


def project(workplace: Workplace, *lines: str) -> None:
    """A project in Poetry's notation with these dependencies."""
    head = '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = ">=3.11"\n'
    workplace.write(head + "\n".join(lines) + "\n")


def lock_text(workplace: Workplace) -> str:
    """The one lock there is."""
    (lock,) = workplace.project.glob("pylock.*.toml")
    return lock.read_text()


def test_a_branch_is_locked_as_the_commit_it_means(workplace: Workplace, index: IndexServer, repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    project(workplace, f'part = {{ git = "{repository.as_uri()}", branch = "main" }}')
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    text = lock_text(workplace)
    assert f'commit-id = "{commit}"' in text and 'requested-revision = "main"' in text
    assert direct_url(workplace, "part") == {
        "url": repository.as_uri(),
        "vcs_info": {"vcs": "git", "commit_id": commit, "requested_revision": "main"},
    }


def test_a_branch_keeps_its_commit_until_an_upgrade(workplace: Workplace, index: IndexServer, repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    project(workplace, f'part = {{ git = "{repository.as_uri()}" }}')
    assert run(workplace, index, "sync").code == 0
    make_project(repository, "part", "2.0")
    second = committed(repository)
    project(workplace, f'part = {{ git = "{repository.as_uri()}" }}', 'wire = "<2"')
    assert run(workplace, index, "sync").code == 0
    assert first in lock_text(workplace) and workplace.installed() == {"part": "1.0", "wire": "1.0"}
    assert run(workplace, index, "lock", "--upgrade", "wire").code == 0
    assert first in lock_text(workplace)
    assert run(workplace, index, "lock", "--upgrade", "part").code == 0
    assert second in lock_text(workplace)
    assert run(workplace, index, "sync").code == 0
    assert workplace.installed() == {"part": "2.0", "wire": "1.0"}


@pytest.mark.parametrize("reference", ["tag", "rev", "short"])
def test_tags_and_commits_are_found(workplace: Workplace, index: IndexServer, repository: Path, reference: str) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    make_project(repository, "part", "2.0")
    committed(repository)
    asked = {"tag": 'tag = "v1"', "rev": f'rev = "{commit}"', "short": f'rev = "{commit[:9]}"'}[reference]
    project(workplace, f'part = {{ git = "{repository.as_uri()}", {asked} }}')
    assert run(workplace, index, "sync").code == 0
    assert workplace.installed() == {"part": "1.0"} and commit in lock_text(workplace)


def test_a_subdirectory_and_pip_s_notation(workplace: Workplace, index: IndexServer, repository: Path) -> None:
    address = f"git+{repository.as_uri()}@v1#subdirectory=python"
    workplace.write(f'[project]\nname = "demo"\nversion = "1"\ndependencies = ["inner @ {address}"]\n')
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    assert 'subdirectory = "python"' in lock_text(workplace)
    assert python(workplace, "import inner; print(inner.__version__)") == "3.0"
    assert direct_url(workplace, "inner")["subdirectory"] == "python"


def test_a_requirements_file_names_a_repository(workplace: Workplace, index: IndexServer, repository: Path) -> None:
    workplace.write(f"git+{repository.as_uri()}@v1#egg=part\n", "requirements.txt")
    path = str(workplace.project / "requirements.txt")
    done = run(workplace, index, "lock", "-r", path)
    assert done.code == 0, done.err
    assert 'requested-revision = "v1"' in lock_text(workplace)


@pytest.mark.parametrize("place", ["repository", "archive"])
def test_a_project_and_its_neighbour_come_from_one_place(
    tmp_path: Path, workplace: Workplace, index: IndexServer, place: str
) -> None:
    both = tmp_path / "both"
    make_project(both / "core", "core", kind=HATCH)
    make_project(both / "app", "app", kind=POETRY + 'core = {{ path = "../core", develop = true }}\n')
    commit = committed(both)
    index.add(packed(both, tmp_path / "both-1.tar.gz"))
    git_address = f'git = "{both.as_uri()}"'
    address = git_address if place == "repository" else f'url = "{index.file_url("both-1.tar.gz")}"'
    project(workplace, f'app = {{ {address}, subdirectory = "app" }}')
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    assert workplace.installed() == {"app": "1.0", "core": "1.0"}
    core = direct_url(workplace, "core")
    assert core["subdirectory"] == "core" and core["url"] == direct_url(workplace, "app")["url"]
    assert place == "archive" or core["vcs_info"]["commit_id"] == commit
    (lock,) = workplace.project.glob("pylock.*.toml")
    before = lock.read_bytes()
    lock.unlink()
    assert run(workplace, index, "lock").code == 0
    assert lock.read_bytes() == before


def test_a_neighbour_outside_of_the_repository_is_refused(
    tmp_path: Path, workplace: Workplace, index: IndexServer
) -> None:
    make_project(tmp_path / "app", "app", kind=POETRY + 'core = {{ path = "../core" }}\n')
    committed(tmp_path / "app")
    project(workplace, f'app = {{ git = "{(tmp_path / "app").as_uri()}" }}')
    error = run(workplace, index, "lock", "--json").document["error"]
    assert error["code"] == "not-a-project" and "`../core`, which is outside" in error["message"]


def test_submodules_and_history_are_there_for_the_build(
    tmp_path: Path, workplace: Workplace, index: IndexServer, repository: Path
) -> None:
    # A version that only the history knows, as setuptools-scm and others take it.
    setup = (
        "import subprocess\nfrom setuptools import setup\n"
        "tag = subprocess.check_output(['git', 'describe', '--tags'], text=True).strip()\n"
        "setup(name='part', version=tag.lstrip('v'), py_modules=[])\n"
    )
    (repository / "pyproject.toml").unlink()
    (repository / "setup.py").write_text(setup)
    committed(repository)
    git(repository, "tag", "v4.5")
    project(workplace, f'part = {{ git = "{repository.as_uri()}" }}')
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    assert workplace.installed() == {"part": "4.5"}


def test_a_commit_that_is_here_needs_no_repository_any_more(
    workplace: Workplace, index: IndexServer, repository: Path
) -> None:
    project(workplace, f'part = {{ git = "{repository.as_uri()}" }}')
    assert run(workplace, index, "lock").code == 0
    shutil.rmtree(repository)
    done = run(workplace, index, "sync")
    assert done.code == 0, done.err
    assert workplace.installed() == {"part": "1.0"}


@pytest.mark.parametrize(
    ("dependency", "code", "words"),
    [
        ('{{ git = "{url}", branch = "nowhere" }}', "git-failed", "no branch, tag or commit `nowhere`"),
        ('{{ git = "{url}-gone" }}', "git-failed", "does not appear to be a git repository"),
        ('{{ git = "{url}", branch = "--upload-pack=touch /tmp/pwned" }}', "", ""),
        ('{{ git = "{url}", subdirectory = "elsewhere" }}', "not-a-project", "no folder `elsewhere`"),
        ('{{ git = "{url}", subdirectory = "../.." }}', "origin-unreadable", "leads outside"),
        ('{{ git = "{url}", subdirectory = "python" }}', "wrong-project", "but is `inner` 3.0"),
        ('{{ url = "hg+https://example.com/part" }}', "origin-unreadable", "git+https"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_reason(
    workplace: Workplace, index: IndexServer, repository: Path, dependency: str, code: str, words: str
) -> None:
    project(workplace, "part = " + dependency.format(url=repository.as_uri()))
    done = run(workplace, index, "lock", "--json")
    assert done.code in {1, 2}
    assert not code or done.document["error"]["code"] == code
    assert words in done.document["error"]["message"]


@pytest.fixture
def served(repository: Path) -> Iterator[str]:
    """The repository's address on a server that only serves files, as Git's oldest way of HTTP wants them."""
    bare = repository.parent / "served.git"
    git(repository, "clone", "--quiet", "--bare", str(repository), str(bare))
    git(bare, "update-server-info")
    handler = partial(_Quiet, directory=str(repository.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}/served.git"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_repository_behind_http_is_read_and_no_password_is_written_down(
    workplace: Workplace, index: IndexServer, served: str
) -> None:
    workplace.write(f"part @ git+http://somebody:secret@{served}@v1\n", "requirements.txt")
    done = run(workplace, index, "sync", "-r", str(workplace.project / "requirements.txt"))
    assert done.code == 0, done.err
    assert workplace.installed() == {"part": "1.0"}
    assert direct_url(workplace, "part")["url"] == f"http://{served}"
    written = [path for path in workplace.project.rglob("*") if path.is_file() and path.name != "requirements.txt"]
    assert not [path for path in written if b"secret" in path.read_bytes()]
    assert "secret" not in done.out + done.err


def test_offline_asks_no_remote_repository(workplace: Workplace, index: IndexServer) -> None:
    project(workplace, 'part = { git = "https://127.0.0.1:9/part.git" }')
    error = run(workplace, index, "lock", "--offline", "--json").document["error"]
    assert error["code"] == "git-failed" and "the network may not be asked" in error["message"]


def test_uv_installs_a_lock_with_commits(workplace: Workplace, index: IndexServer, repository: Path) -> None:
    # pip 26.3 refuses commits beside files with hashes, for it cannot hash them.
    project(
        workplace,
        'wire = "*"',
        f'part = {{ git = "{repository.as_uri()}", tag = "v1" }}',
        f'inner = {{ git = "{repository.as_uri()}", subdirectory = "python" }}',
    )
    assert run(workplace, index, "lock").code == 0
    (lock,) = workplace.project.glob("pylock.*.toml")
    install_with("uv", lock, workplace, index)
    assert workplace.installed() == {"wire": "2.0", "part": "1.0", "inner": "3.0"}


def test_pip_installs_a_lock_with_commits_alone(workplace: Workplace, index: IndexServer, repository: Path) -> None:
    project(workplace, f'part = {{ git = "{repository.as_uri()}", tag = "v1" }}')
    assert run(workplace, index, "lock").code == 0
    (lock,) = workplace.project.glob("pylock.*.toml")
    install_with("pip", lock, workplace, index)
    assert workplace.installed() == {"part": "1.0"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("git+https://host/a/b.git", GitAddress(url="https://host/a/b.git")),
        ("git+https://host/a/b.git@v1.0", GitAddress(url="https://host/a/b.git", revision="v1.0")),
        ("git+ssh://git@host/a/b@feature/x", GitAddress(url="ssh://git@host/a/b", revision="feature/x")),
        (
            "git+https://host/a@main#egg=a&subdirectory=python/a",
            GitAddress(url="https://host/a", revision="main", subdirectory="python/a"),
        ),
        ("git+file:///srv/a%20b", GitAddress(url="file:///srv/a%20b")),
        ("git+ext://sh -c evil", None),
        ("hg+https://host/a", None),
        ("https://host/a.git", None),
        ("git+https://", None),
    ],
)
def test_an_address_is_taken_apart(text: str, address: GitAddress | None) -> None:
    assert parse_git_address(text) == address


@pytest.mark.parametrize("export", [False, True], ids=["uv.lock", "pylock.toml"])
def test_what_uv_locks_from_source_is_installed_by_us(
    tmp_path: Path, workplace: Workplace, index: IndexServer, repository: Path, export: bool
) -> None:
    index.add(packed(make_project(tmp_path / "packed", "packed", kind=HATCH), tmp_path / "packed-1.0.tar.gz"))
    make_project(workplace.root / "shared", "shared", requires=["wire<2"])
    make_project(workplace.root / "copied", "copied")
    workplace.write(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\n'
        'dependencies = ["packed", "inner", "shared", "copied"]\n'
        "[tool.uv.sources]\n"
        f'inner = {{ git = "{repository.as_uri()}", tag = "v1", subdirectory = "python" }}\n'
        'shared = { path = "../shared", editable = true }\ncopied = { path = "../copied" }\n'
    )
    environ = {**workplace.variables, "UV_CACHE_DIR": str(workplace.root / "uv-cache"), "UV_NO_CONFIG": "1"}
    uv = [sys.executable, "-m", "uv"]
    locking = [*uv, "lock", "--quiet", "--default-index", index.simple_url]
    exporting = [*uv, "export", "--quiet", "--frozen", "--format", "pylock.toml", "-o", "pylock.toml"]
    for command in [locking, exporting] if export else [locking]:
        subprocess.run(command, cwd=workplace.project, env=environ, check=True)
    lock = workplace.project / ("pylock.toml" if export else "uv.lock")
    done = run(workplace, index, "sync", str(lock), "--no-proof")
    assert done.code == 0, done.err
    assert workplace.installed() == {"packed": "1.0", "inner": "3.0", "shared": "1.0", "copied": "1.0", "wire": "1.0"}
    assert direct_url(workplace, "shared")["dir_info"] == {"editable": True}
    again = run(workplace, index, "sync", str(lock), "--no-proof", "--json")
    assert again.document["transaction"]["steps"] == []
