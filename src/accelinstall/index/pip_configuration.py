"""pip's own configuration: where companies put their mirrors, certificates and proxies.

Sources: pip's documentation, "Configuration" (files, precedence, ``[global]`` before ``[install]``, ``PIP_*``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping

from accelinstall.index.errors import PipConfigurationInvalid
from accelinstall.net.addresses import file_address, split_credentials
from accelinstall.net.credentials import Login
from accelinstall.values import dataclass, field

_SECTIONS = ("global", "install")
_TRUE = frozenset({"1", "yes", "true", "on", "y", "t"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PipConfiguration:
    """What pip would use, with logins taken out of the addresses.

    :ivar index_url: empty when nothing is configured; see :func:`default_index_url`.
    :ivar find_links: as written: paths or addresses; see :func:`find_links_address`.
    :ivar timeout: seconds, ``None`` when nothing is configured.
    :ivar credentials: address -> login, for :class:`~accelinstall.net.HttpClient`.
    :ivar files: the configuration files that were read, lowest precedence first.
    """

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    cert: str = ""
    client_cert: str = ""
    proxy: str = field(default="", repr=False)
    trusted_hosts: tuple[str, ...] = ()
    no_index: bool = False
    timeout: float | None = None
    credentials: Mapping[str, Login] = field(default_factory=dict, repr=False)
    files: tuple[str, ...] = ()


def default_index_url(configuration: PipConfiguration) -> str:
    """The simple API that stands for PyPI: pip's ``index-url``, else PyPI's own."""
    if configuration.index_url:
        return configuration.index_url
    return _endpoint()


def _endpoint() -> str:
    """The constant that pypi-simple keeps.

    Importing that library takes 0.3 s for an HTML parser and a client that are not used here, so the assignment is
    read from its source; where there is none (a frozen application) it is imported after all.
    """
    import ast
    from importlib.util import find_spec

    spec = find_spec("pypi_simple")
    if spec is not None and spec.origin is not None and os.path.isfile(spec.origin):
        with open(spec.origin, encoding="utf-8") as stream:
            statements = ast.parse(stream.read()).body
        for statement in statements:
            match statement:
                case ast.AnnAssign(target=ast.Name(id="PYPI_SIMPLE_ENDPOINT"), value=ast.Constant(value=str(address))):
                    return address
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return PYPI_SIMPLE_ENDPOINT


def find_links_address(text: str, *, directory: str) -> str:
    """A find-links value as an address; paths are relative to *directory*, and ``~`` is the user's home."""
    if "://" in text or text.startswith("file:"):
        return text
    path = os.path.abspath(os.path.join(directory, os.path.expanduser(text)))
    return file_address(path + "/" if os.path.isdir(path) else path)


def read_pip_configuration(
    environ: Mapping[str, str],
    *,
    prefix: str = sys.prefix,
    platform: str = sys.platform,
    root: str = "/",
) -> PipConfiguration:
    """pip's configuration files and ``PIP_*`` variables, the latter stronger.

    :param prefix: of the environment whose ``pip.conf`` counts.
    :param root: where system-wide files are looked for.
    :raises PipConfigurationInvalid: naming file and line.
    """
    sections: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    read = []
    for path in configuration_files(environ, prefix=prefix, platform=platform, root=root):
        found = _read_file(path)
        if found is None:
            continue
        read.append(path)
        for section in _SECTIONS:
            sections[section].update(found.get(section, {}))
    values = {**sections["global"], **sections["install"], **_variables(environ)}
    return _configuration(values, files=tuple(read))


def configuration_files(
    environ: Mapping[str, str], *, prefix: str, platform: str = sys.platform, root: str = "/"
) -> tuple[str, ...]:
    """Where pip looks, lowest precedence first; the files need not exist."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return ()
    home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")
    places = list(_system_files(environ, platform, root))
    if not (named and os.path.exists(named)):
        places += _user_files(environ, platform, home)
    places.append(os.path.join(prefix, "pip.ini" if platform == "win32" else "pip.conf"))
    return (*places, named) if named else tuple(places)


def _system_files(environ: Mapping[str, str], platform: str, root: str) -> Iterator[str]:
    if platform == "win32":
        yield os.path.join(environ.get("PROGRAMDATA", "C:\\ProgramData"), "pip", "pip.ini")
    elif platform == "darwin":
        yield os.path.join(root, "Library/Application Support/pip/pip.conf")
    else:
        folders = environ.get("XDG_CONFIG_DIRS") or os.path.join(root, "etc/xdg")
        yield from (os.path.join(folder, "pip/pip.conf") for folder in folders.split(":") if folder)
        yield os.path.join(root, "etc/pip.conf")


def _user_files(environ: Mapping[str, str], platform: str, home: str) -> Iterator[str]:
    if platform == "win32":
        yield os.path.join(home, "pip", "pip.ini")
        yield os.path.join(environ.get("APPDATA") or os.path.join(home, "AppData", "Roaming"), "pip", "pip.ini")
        return
    yield os.path.join(home, ".pip/pip.conf")
    native = os.path.join(home, "Library/Application Support/pip")
    if platform == "darwin" and os.path.isdir(native):
        yield os.path.join(native, "pip.conf")
    else:
        folder = environ.get("XDG_CONFIG_HOME") if platform != "darwin" else ""
        yield os.path.join(folder or os.path.join(home, ".config"), "pip/pip.conf")


def _read_file(path: str) -> dict[str, dict[str, str]] | None:
    """Section -> option -> value; ``None`` when there is no such file."""
    import configparser

    try:
        with open(path, encoding="utf-8-sig") as stream:
            text = stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise PipConfigurationInvalid(path=path, line=0, reason="it is not UTF-8 text") from None
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise PipConfigurationInvalid(path=path, line=0, reason=f"it cannot be read: {reason}") from None
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise PipConfigurationInvalid(
            path=path, line=error.lineno, reason="an option stands before `[global]`"
        ) from None
    except configparser.DuplicateSectionError as error:
        line, reason = error.lineno or 0, f"section `[{error.section}]` appears twice"
        raise PipConfigurationInvalid(path=path, line=line, reason=reason) from None
    except configparser.DuplicateOptionError as error:
        line, reason = error.lineno or 0, f"option `{error.option}` appears twice in `[{error.section}]`"
        raise PipConfigurationInvalid(path=path, line=line, reason=reason) from None
    except configparser.ParsingError as error:
        line, content = error.errors[0]
        raise PipConfigurationInvalid(path=path, line=line, reason=f"not an option: {content}") from None
    return {name: {_key(option): value for option, value in parser.items(name)} for name in parser.sections()}


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """``PIP_INDEX_URL`` -> ``index-url``; empty ones do not count."""
    return {
        _key(name.removeprefix("PIP_")): value
        for name, value in environ.items()
        if name.startswith("PIP_") and name not in ("PIP_CONFIG_FILE", "PIP_VERSION") and value
    }


def _key(option: str) -> str:
    name = option.lower().replace("_", "-").removeprefix("--")
    return {"default-timeout": "timeout", "pypi-url": "index-url"}.get(name, name)


def _configuration(values: Mapping[str, str], *, files: tuple[str, ...]) -> PipConfiguration:
    credentials: dict[str, Login] = {}

    def addresses(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_take_login(text, credentials) for text in texts))

    index = addresses(values.get("index-url", "").split()[:1])
    return PipConfiguration(
        index_url=index[0] if index else "",
        extra_index_urls=addresses(values.get("extra-index-url", "").split()),
        find_links=addresses(_paths(values.get("find-links", ""))),
        cert=os.path.expanduser(values.get("cert", "")),
        client_cert=os.path.expanduser(values.get("client-cert", "")),
        proxy=values.get("proxy", "").strip(),
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
        no_index=values.get("no-index", "").strip().lower() in _TRUE,
        timeout=_seconds(values.get("timeout", "")),
        credentials=credentials,
        files=files,
    )


def _paths(text: str) -> list[str]:
    """Values of a list option; pip splits at white space, so a line that is an existing path as a whole is kept."""
    found: list[str] = []
    for line in text.splitlines():
        line = line.strip()
        found += [line] if " " in line and os.path.exists(line) else line.split()
    return found


def _take_login(url: str, credentials: dict[str, Login]) -> str:
    if "@" not in url or "://" not in url:
        return url
    try:
        bare, user, password = split_credentials(url)
    except ValueError:
        return url
    if user or password:
        credentials[bare] = Login(user, password)
    return bare


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds < 86_400 else None
