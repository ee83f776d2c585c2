"""Company indexes: logins that open them and are written nowhere, pages in HTML only, names nobody else may serve."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from accelinstall.testing import Fault, IndexServer, make_wheel
from tests.pipeline.running import Outcome, Workplace

USER, PASSWORD = "ada", "s3cret-pa55"
PYPROJECT = """\
[project]
name = "demo"
version = "1"
requires-python = ">=3.11"
dependencies = ["inside"]

[tool.poetry]
package-mode = false

[[tool.poetry.source]]
name = "acme.corp"
url = "{url}"
priority = "{priority}"

[tool.poetry.dependencies]
inside = {{ source = "acme.corp" }}
"""


@pytest.fixture
def company(tmp_path: Path) -> Iterator[IndexServer]:
    """``inside`` 1.0, which needs ``public``; HTML only, and only for those who log in."""
    with IndexServer(json=False, credentials=(USER, PASSWORD)) as server:
        server.add(make_wheel(tmp_path / "company", "inside", "1.0", requires=["public"]))
        yield server


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[IndexServer]:
    """The default index: ``public``, and somebody's ``inside`` 99."""
    with IndexServer() as server:
        server.add(make_wheel(tmp_path / "outside", "inside", "99.0"))
        server.add(make_wheel(tmp_path / "outside", "public", "1.0"))
        yield server


def declare(workplace: Workplace, company: IndexServer, outside: IndexServer, *, priority: str = "explicit") -> None:
    workplace.write(PYPROJECT.format(url=company.simple_url, priority=priority))
    workplace.variables["PIP_INDEX_URL"] = outside.simple_url


def log_in(workplace: Workplace, company: IndexServer, way: str) -> list[str]:
    """Lets the workplace know the login in one *way*; options that go with it."""
    home = workplace.root / "home"
    home.mkdir(exist_ok=True)
    if way == "variables":
        workplace.variables["POETRY_HTTP_BASIC_ACME_CORP_USERNAME"] = USER
        workplace.variables["POETRY_HTTP_BASIC_ACME_CORP_PASSWORD"] = PASSWORD
    elif way == "auth.toml":
        folder = home / "poetry"
        folder.mkdir(exist_ok=True)
        (folder / "auth.toml").write_text(f'[http-basic."acme.corp"]\nusername = "{USER}"\npassword = "{PASSWORD}"\n')
        workplace.variables["POETRY_CONFIG_DIR"] = str(folder)
    elif way == "netrc":
        (home / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
        (home / ".netrc").chmod(0o600)
    elif way == "pip":
        workplace.variables["PIP_EXTRA_INDEX_URL"] = with_login(company)
    elif way == "option":
        return ["--extra-index-url", with_login(company)]
    return []


def with_login(company: IndexServer) -> str:
    return company.simple_url.replace("://", f"://{USER}:{PASSWORD}@")


def ensure_secret(workplace: Workplace, done: Outcome) -> None:
    """The password stands nowhere but where the user has put it."""
    assert PASSWORD not in done.out + done.err
    for path in (*workplace.project.rglob("*"), *workplace.cache.rglob("*")):
        if path.is_file() and "site-packages" not in path.parts:
            assert PASSWORD.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("way", ["variables", "auth.toml", "netrc", "pip", "option"])
def test_a_login_opens_the_index_and_is_written_nowhere(
    workplace: Workplace, company: IndexServer, outside: IndexServer, way: str
) -> None:
    declare(workplace, company, outside)
    options = log_in(workplace, company, way)
    events = workplace.root / "events.jsonl"
    done = workplace.run("optimize", "--environment", "cpu", "--no-proof", "--events", str(events), *options)
    assert done.code == 0, done.err
    assert workplace.installed() == {"inside": "1.0", "public": "1.0"}
    ensure_secret(workplace, done)
    assert PASSWORD not in events.read_text()
    assert all("Authorization" not in request.headers for request in outside.requests) or way == "netrc"


@pytest.mark.parametrize("way", ["variables", "auth.toml", "pip", "option"])
def test_a_wrong_login_is_an_error_that_does_not_show_it(
    workplace: Workplace, company: IndexServer, outside: IndexServer, way: str
) -> None:
    declare(workplace, company, outside)
    options = log_in(workplace, company, way)
    company.credentials = (USER, "another")
    done = workplace.run("lock", "--environment", "cpu", *options)
    assert done.code == 1
    assert f"`acme.corp` cannot be read: {company.simple_url}inside/" in done.err
    assert "401" in done.err and "hint:" in done.err
    ensure_secret(workplace, done)


def test_a_file_on_another_host_is_fetched_without_the_login(
    workplace: Workplace, company: IndexServer, outside: IndexServer, tmp_path: Path
) -> None:
    declare(workplace, company, outside)
    log_in(workplace, company, "variables")
    with IndexServer() as storage:
        wheel = make_wheel(tmp_path / "company", "inside", "1.0", requires=["public"])
        storage.add(wheel)
        elsewhere = storage.url_for("localhost") + storage.file_path(wheel.name)
        company.add_fault(company.file_path(wheel.name), Fault(redirect=elsewhere))
        done = workplace.run("optimize", "--environment", "cpu", "--no-proof")
        assert done.code == 0, done.err
        assert storage.count("/files/") > 0
        assert not [request for request in storage.requests if "authorization" in map(str.lower, request.headers)]
    assert f'url = "{company.file_url(wheel.name)}"' in next(workplace.project.glob("pylock.*.toml")).read_text()


@pytest.mark.parametrize("priority", ["primary", "supplemental", "explicit"])
def test_a_mirror_that_speaks_html_only_is_no_matter(
    workplace: Workplace, company: IndexServer, outside: IndexServer, priority: str
) -> None:
    declare(workplace, company, outside, priority=priority)
    company.add(make_wheel(workplace.root / "more", "public", "1.0"))
    log_in(workplace, company, "variables")
    done = workplace.run("lock", "--environment", "cpu")
    assert done.code == 0, done.err
    assert not [line for line in done.err.splitlines() if line.startswith(("warning:", "error:", "note:", "hint:"))]


def test_a_name_bound_to_a_source_is_never_asked_for_elsewhere(
    workplace: Workplace, company: IndexServer, outside: IndexServer
) -> None:
    declare(workplace, company, outside)
    log_in(workplace, company, "variables")
    done = workplace.run("lock", "--environment", "cpu", "--json")
    (lock,) = done.document["locks"]
    assert {row["name"]: row["version"] for row in lock["lock"]["packages"]} == {"inside": "1.0", "public": "1.0"}
    assert outside.count("/simple/inside") == 0


@pytest.mark.parametrize("fault", [Fault(status=404), Fault(status=403), Fault(hang_up=True), Fault(content=b"{}")])
def test_a_bound_name_has_no_stand_in_whatever_its_source_does(
    workplace: Workplace, company: IndexServer, outside: IndexServer, fault: Fault
) -> None:
    declare(workplace, company, outside)
    log_in(workplace, company, "variables")
    company.add_fault("/simple/inside/", fault)
    done = workplace.run("lock", "--environment", "cpu", "--json")
    assert done.code == 1, done.out
    assert outside.count("/simple/inside") == 0
    assert not list(workplace.project.glob("pylock.*"))
    assert "99.0" not in done.out


def test_a_mirror_of_a_bound_name_is_the_only_other_place(
    workplace: Workplace, company: IndexServer, outside: IndexServer
) -> None:
    declare(workplace, company, outside)
    text = (
        (workplace.project / "pyproject.toml").read_text().replace(company.simple_url, "https://inside.invalid/simple/")
    )
    workplace.write(text + f'\n[tool.accelinstall.mirrors]\n"acme.corp" = "{company.simple_url}"\n')
    log_in(workplace, company, "netrc")
    done = workplace.run("lock", "--environment", "cpu")
    assert done.code == 0, done.err
    lock = next(workplace.project.glob("pylock.*.toml")).read_text()
    assert 'index = "https://inside.invalid/simple/"' in lock
    assert outside.count("/simple/inside") == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the variable for the home folder is another one")
def test_offline_a_locked_project_is_locked_again_from_what_was_kept(
    workplace: Workplace, company: IndexServer, outside: IndexServer
) -> None:
    declare(workplace, company, outside)
    log_in(workplace, company, "variables")
    assert workplace.run("lock", "--environment", "cpu").code == 0
    lock = next(workplace.project.glob("pylock.*.toml"))
    text = lock.read_text()
    lock.unlink()
    asked = company.count() + outside.count()
    done = workplace.run("lock", "--environment", "cpu", "--offline")
    assert done.code == 0, done.err
    assert lock.read_text() == text
    assert company.count() + outside.count() == asked


@pytest.mark.parametrize("place", ["source", "own source", "dependency", "requirements", "extra index"])
def test_a_login_written_in_an_address_of_the_project_is_used_and_shown_nowhere(
    workplace: Workplace, company: IndexServer, tmp_path: Path, place: str
) -> None:
    company.add(make_wheel(tmp_path / "company", "public", "1.0"))
    file = company.file_url("public-1.0-py3-none-any.whl").replace("://", f"://{USER}:{PASSWORD}@")
    table = {"source": "tool.poetry.source", "own source": "tool.accelinstall.sources"}.get(place, "")
    needs = "inside" if table else f"public @ {file}"
    text = f'[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["{needs}"]\n'
    workplace.write(text + (f'[[{table}]]\nname = "acme"\nurl = "{with_login(company)}"\n' if table else ""))
    options: list[str] = []
    if place in ("requirements", "extra index"):
        option = "--index-url" if place == "requirements" else "--no-index\n--extra-index-url"
        workplace.write(f"{option} {with_login(company)}\ninside\n", "requirements.txt")
        options = ["-r", str(workplace.project / "requirements.txt")]
    done = workplace.run("lock", "--environment", "cpu", *options)
    assert done.code == 0, done.err
    assert PASSWORD not in done.out + done.err
    (lock,) = workplace.project.glob("pylock.*.toml")
    assert PASSWORD not in lock.read_text()
    # The second run asks no index: what it fetches wants the login all the same.
    done = workplace.run("sync", "--no-proof", "--json", *options)
    assert done.code == 0, done.err
    assert PASSWORD not in done.out + done.err
    assert workplace.installed() == ({"public": "1.0"} if place == "dependency" else {"inside": "1.0", "public": "1.0"})


def test_the_login_of_an_index_on_the_command_line_opens_the_files_of_a_fresh_lock(
    workplace: Workplace, company: IndexServer, tmp_path: Path
) -> None:
    company.add(make_wheel(tmp_path / "company", "public", "1.0"))
    workplace.write('[project]\nname = "demo"\nversion = "1"\ndependencies = ["inside"]\n')
    for verb in ("lock", "sync"):
        done = workplace.run(verb, "--environment", "cpu", "--index-url", with_login(company))
        assert done.code == 0, done.err
