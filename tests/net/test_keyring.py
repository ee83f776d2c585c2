"""A keyring is asked as pip asks it, by a real process each time: the package where there is one, else the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from accelinstall.testing import IndexServer

BACKEND = """\
import json, os
from keyring.backend import KeyringBackend

class Keeper(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        with open(os.environ["ASKED"], "a") as stream:
            stream.write(service + "\\n")
        if os.environ.get("BREAKS"):
            raise RuntimeError("locked")
        return json.loads(os.environ["KEPT"]).get(service + " " + (username or ""))

    def set_password(self, service, username, password):
        raise NotImplementedError
"""
# A first line cannot name an interpreter whose path has spaces: the shell starts it.
PROGRAM = f"""\
#!/bin/sh
'''exec' "{sys.executable}" "$0" "$@"
'''
import json, os, sys
word, service, user = sys.argv[1:]
assert word == "get" and not sys.stdin.read()
with open(os.environ["ASKED"], "a") as stream:
    stream.write(service + "\\n")
password = json.loads(os.environ["KEPT"]).get(service + " " + user)
print(password) if password else sys.exit(1)
"""
READ = """\
import os, sys
from accelinstall.net import HttpClient, HttpError
with HttpClient(timeout=10) as http:
    url = http.learn_credentials(sys.argv[1])
    http.learn_keyring_service(os.environ["ROOT"], "poetry-repository-company")
    try:
        print(http.get(url).body.decode())
    except HttpError as error:
        print(error.code, error.message, error.hint)
"""


@pytest.fixture
def server() -> IndexServer:
    return IndexServer(credentials=("ada", "s3cret"))


@pytest.fixture(params=["package", "program"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A keyring of one of the two kinds in ``tmp_path``."""
    (tmp_path / "asked").touch()
    if request.param == "package":
        (tmp_path / "keeping.py").write_text(BACKEND)
    else:
        # The package is here for Poetry's sake; to the child it is not.
        (tmp_path / "keyring.py").write_text("raise ImportError\n")
        (tmp_path / "keyring").write_text(PROGRAM)
        (tmp_path / "keyring").chmod(0o755)
    return str(request.param)


def read(folder: Path, url: str, *, kept: str, **more: str) -> tuple[str, list[str]]:
    """What the child reads at *url*, and the services its keyring was asked for."""
    environment = {
        **os.environ,
        "HOME": str(folder),
        "PATH": str(folder) + os.pathsep + os.environ["PATH"],
        "PYTHONPATH": str(folder),
        "PYTHON_KEYRING_BACKEND": "keeping.Keeper",
        "ASKED": str(folder / "asked"),
        "KEPT": kept,
        "ROOT": url.partition("@")[0].partition("://")[0] + "://" + url.rpartition("@")[2].rpartition("/")[0],
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-c", READ, url], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), (folder / "asked").read_text().splitlines()


def address(server: IndexServer) -> str:
    server.add_body("/page", b"hello")
    return f"{server.url}/page".replace("://", "://ada@")


def test_the_host_is_looked_up_and_the_password_opens_the_page(server: IndexServer, tmp_path: Path, way: str) -> None:
    with server:
        host = server.url.partition("://")[2]
        body, asked = read(tmp_path, address(server), kept=f'{{"{host} ada": "s3cret"}}')
    assert body == "hello"
    assert asked[-1] == host


def test_what_poetry_keeps_for_a_source_is_found_first(server: IndexServer, tmp_path: Path, way: str) -> None:
    with server:
        body, asked = read(tmp_path, address(server), kept='{"poetry-repository-company ada": "s3cret"}')
    assert (body, asked) == ("hello", ["poetry-repository-company"])


def test_nothing_kept_is_a_refused_login_without_the_users_name(server: IndexServer, tmp_path: Path, way: str) -> None:
    with server:
        body, _ = read(tmp_path, address(server), kept="{}")
        assert server.count("/page") == 1
    assert body.startswith("credentials-refused") and "keyring" in body and "ada" not in body


def test_a_keyring_that_breaks_is_nobodys_error(server: IndexServer, tmp_path: Path) -> None:
    (tmp_path / "keeping.py").write_text(BACKEND)
    with server:
        body, asked = read(tmp_path, address(server), kept="{}", BREAKS="1")
    assert body.startswith("credentials-refused")
    assert len(asked) == 1


def test_an_open_page_asks_no_keyring(tmp_path: Path, way: str) -> None:
    with IndexServer() as server:
        server.add_body("/page", b"hello")
        assert read(tmp_path, server.url + "/page", kept="{}") == ("hello", [])
