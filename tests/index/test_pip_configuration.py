"""pip's configuration is read as pip reads it."""

import os

import pytest

from accelinstall.index import (
    PipConfigurationInvalid,
    default_index_url,
    read_pip_configuration,
    read_poetry_credentials,
)
from accelinstall.index.pip_configuration import configuration_files
from accelinstall.model.project import Source
from accelinstall.net import Login


@pytest.fixture
def machine(tmp_path):
    """Writes configuration files into an empty machine and reads it."""

    class Machine:
        def write(self, path, text):
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            return str(file)

        def read(self, platform="linux", **environ):
            environ = {"HOME": str(tmp_path / "home"), **environ}
            return read_pip_configuration(environ, prefix=str(tmp_path / "venv"), platform=platform, root=str(tmp_path))

    return Machine()


def test_nothing_configured_is_empty_and_means_pypi(machine):
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    configuration = machine.read()
    assert (configuration.index_url, configuration.extra_index_urls, configuration.files) == ("", (), ())
    assert default_index_url(configuration) == PYPI_SIMPLE_ENDPOINT


def test_every_option_is_read(machine):
    machine.write(
        "etc/pip.conf",
        """
[global]
index-url = https://mirror.example/simple
extra-index-url =
    https://one.example/simple
    https://two.example/simple
find-links = /wheels
    https://links.example/
cert = /certs/ca.pem
client_cert = /certs/me.pem
proxy = http://proxy.example:3128
trusted-host = one.example two.example:8443
no-index = yes
timeout = 60
""",
    )
    configuration = machine.read()
    assert configuration.index_url == "https://mirror.example/simple" == default_index_url(configuration)
    assert configuration.extra_index_urls == ("https://one.example/simple", "https://two.example/simple")
    assert configuration.find_links == ("/wheels", "https://links.example/")
    assert (configuration.cert, configuration.client_cert) == ("/certs/ca.pem", "/certs/me.pem")
    assert configuration.proxy == "http://proxy.example:3128"
    assert configuration.trusted_hosts == ("one.example", "two.example:8443")
    assert (configuration.no_index, configuration.timeout) == (True, 60.0)


def test_the_closer_place_wins(machine):
    def configured(url):
        return f"[global]\nindex-url = {url}\n"

    expected = []
    for place in (
        "etc/xdg/pip/pip.conf",
        "etc/pip.conf",
        "home/.pip/pip.conf",
        "home/.config/pip/pip.conf",
        "venv/pip.conf",
    ):
        expected.append(machine.write(place, configured(f"https://{len(expected)}/")))
        configuration = machine.read()
        assert configuration.index_url == f"https://{len(expected) - 1}/"
        assert configuration.files == tuple(expected)
    named = machine.write("named.conf", configured("https://named/"))
    configuration = machine.read(PIP_CONFIG_FILE=named)
    assert configuration.index_url == "https://named/"
    assert [file for file in configuration.files if "home" in file] == []
    assert machine.read(PIP_CONFIG_FILE=named, PIP_INDEX_URL="https://variable/").index_url == "https://variable/"


def test_the_install_section_beats_the_global_one_of_a_closer_file(machine):
    machine.write("etc/pip.conf", "[install]\nindex-url = https://install/\n")
    machine.write("venv/pip.conf", "[global]\nindex-url = https://global/\n")
    assert machine.read().index_url == "https://install/"


def test_the_null_device_switches_files_off(machine):
    machine.write("etc/pip.conf", "[global]\nindex-url = https://mirror/\n")
    assert machine.read(PIP_CONFIG_FILE=os.devnull).index_url == ""
    assert machine.read(PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL="https://v/").index_url == "https://v/"


def test_variables_are_options_in_capitals(machine):
    configuration = machine.read(
        PIP_EXTRA_INDEX_URL="https://a/ https://b/ https://a/",
        PIP_FIND_LINKS="/x /y",
        PIP_DEFAULT_TIMEOUT="180",
        PIP_NO_INDEX="1",
        PIP_TRUSTED_HOST="h",
        PIP_CERT="",
    )
    assert configuration.extra_index_urls == ("https://a/", "https://b/")
    assert configuration.find_links == ("/x", "/y")
    assert (configuration.timeout, configuration.no_index, configuration.trusted_hosts) == (180.0, True, ("h",))


def test_logins_are_taken_out_of_addresses(machine):
    machine.write(
        "etc/pip.conf", "[global]\nindex-url = https://me:p%40ss@mirror.example/simple\nproxy = http://u:hidden@p:1\n"
    )
    configuration = machine.read()
    assert configuration.index_url == "https://mirror.example/simple"
    assert configuration.credentials == {"https://mirror.example/simple": Login("me", "p@ss")}
    assert "p@ss" not in repr(configuration)
    assert "hidden" not in repr(configuration)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[global]\nindex-url = x\nnonsense\n", 3),
        ("index-url = x\n", 1),
        ("[global]\n[global]\n", 2),
        ("[global]\na = 1\na = 2\n", 3),
    ],
)
def test_a_broken_file_is_named_with_its_line(machine, text, line):
    path = machine.write("etc/pip.conf", text)
    with pytest.raises(PipConfigurationInvalid) as caught:
        machine.read()
    assert (caught.value.path, caught.value.line) == (path, line)
    assert f"{path}:{line}" in caught.value.message


def test_a_file_that_is_no_text_is_named(machine, tmp_path):
    path = machine.write("etc/pip.conf", "")
    (tmp_path / "etc/pip.conf").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PipConfigurationInvalid) as caught:
        machine.read()
    assert caught.value.path == path


@pytest.mark.parametrize("value", ["soon", "-1", "0", "inf", "nan"])
def test_a_timeout_that_is_none_is_left_out(machine, value):
    assert machine.read(PIP_TIMEOUT=value).timeout is None


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        (
            "linux",
            [
                "/r/etc/xdg/pip/pip.conf",
                "/r/etc/pip.conf",
                "/h/.pip/pip.conf",
                "/h/.config/pip/pip.conf",
                "/v/pip.conf",
            ],
        ),
        (
            "darwin",
            [
                "/r/Library/Application Support/pip/pip.conf",
                "/h/.pip/pip.conf",
                "/h/.config/pip/pip.conf",
                "/v/pip.conf",
            ],
        ),
        ("win32", ["D/pip/pip.ini", "/h/pip/pip.ini", "A/pip/pip.ini", "/v/pip.ini"]),
    ],
)
def test_every_system_has_its_places(platform, expected):
    environ = {"HOME": "/h", "PROGRAMDATA": "D", "APPDATA": "A"}
    assert list(configuration_files(environ, prefix="/v", platform=platform, root="/r")) == expected


# Poetry's logins.


@pytest.fixture
def sources():
    return [
        Source(name="my-company", url="https://company.example/simple"),
        Source(name="other", url="https://other.example"),
    ]


def test_poetrys_variables_give_logins(sources, tmp_path):
    environ = {
        "HOME": str(tmp_path),
        "POETRY_HTTP_BASIC_MY_COMPANY_USERNAME": "me",
        "POETRY_HTTP_BASIC_MY_COMPANY_PASSWORD": "p",
    }
    assert read_poetry_credentials(sources, environ) == {"https://company.example/simple": Login("me", "p")}


def test_poetrys_file_gives_logins_and_variables_are_stronger(sources, tmp_path):
    file = tmp_path / ".config" / "pypoetry" / "auth.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        '[http-basic.my-company]\nusername = "a"\npassword = "b"\n[http-basic.other]\nusername = "c"\npassword = "d"\n'
    )
    environ = {"HOME": str(tmp_path), "POETRY_HTTP_BASIC_OTHER_USERNAME": "me"}
    assert read_poetry_credentials(sources, environ, platform="linux") == {
        "https://company.example/simple": Login("a", "b"),
        "https://other.example": Login("me", ""),
    }


@pytest.mark.parametrize("text", ["[broken", "http-basic = 1", "[http-basic]\nother = 3\n"])
def test_a_broken_file_of_poetry_gives_none(sources, tmp_path, text):
    (tmp_path / "auth.toml").write_text(text)
    assert read_poetry_credentials(sources, {"POETRY_CONFIG_DIR": str(tmp_path)}) == {}
