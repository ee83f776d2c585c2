"""Where Poetry keeps a project's virtual environment: its settings, read as Poetry reads them.

``POETRY_*`` variables win over the project's ``poetry.toml``, which wins over the user's ``config.toml``
(Poetry 2.5, ``poetry.config``; environment names from ``EnvManager.generate_env_name``).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping

from accelinstall.environment.errors import PoetrySettingsUnreadable
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PoetrySettings:
    """The part of Poetry's settings that decides about environments.

    :ivar in_project: ``virtualenvs.in-project``; ``None`` when nobody set it.
    :ivar create: ``virtualenvs.create``.
    :ivar folder: where environments outside projects live, absolute.
    """

    in_project: bool | None = None
    create: bool = True
    folder: str = ""


def read_poetry_settings(
    project_directory: str, environ: Mapping[str, str], *, platform: str = sys.platform
) -> PoetrySettings:
    """Poetry's settings for the project in *project_directory*; costs two file opens that mostly fail.

    :raises PoetrySettingsUnreadable: when one of the files is not TOML.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    layers = [
        _from_variables(environ),
        _from_file(os.path.join(project_directory, "poetry.toml")),
        _from_file(os.path.join(_config_folder(environ, home, platform), "config.toml")),
    ]

    def setting(key: str) -> object:
        return next((layer[key] for layer in layers if key in layer), None)

    cache = str(setting("cache-dir") or _cache_folder(environ, home, platform))
    folder = str(setting("virtualenvs.path") or "{cache-dir}/virtualenvs")
    folder = folder.replace("{cache-dir}", cache).replace("{project-dir}", project_directory)
    if folder.startswith("~"):
        folder = home + folder[1:]
    create = _boolean(setting("virtualenvs.create"))
    return PoetrySettings(
        in_project=_boolean(setting("virtualenvs.in-project")),
        create=True if create is None else create,
        folder=os.path.join(project_directory, folder),
    )


def poetry_environment_name(project_name: str, project_directory: str) -> str:
    """Poetry's name for the project's environments, without the ``-py3.11`` at its end."""
    import base64
    import hashlib

    place = os.path.normcase(os.path.realpath(project_directory))
    digest = base64.urlsafe_b64encode(hashlib.sha256(place.encode()).digest()).decode()[:8]
    return re.sub(r'[ $`!*@"\\\r\n\t]', "_", project_name.lower())[:42] + f"-{digest}"


def chosen_minor(folder: str, name: str) -> str:
    """The Python (``3.12``) that ``poetry env use`` chose for the environment *name*, or empty."""
    entry = _from_file(os.path.join(folder, "envs.toml"))
    minor = entry.get(f"{name}.minor", "")
    return minor if isinstance(minor, str) else ""


def _from_variables(environ: Mapping[str, str]) -> dict[str, object]:
    keys = ("virtualenvs.in-project", "virtualenvs.create", "virtualenvs.path", "cache-dir")
    names = {key: "POETRY_" + key.upper().replace(".", "_").replace("-", "_") for key in keys}
    return {key: environ[name] for key, name in names.items() if environ.get(name)}


def _from_file(path: str) -> dict[str, object]:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return {}
    import tomllib

    try:
        return dict(_flat(tomllib.loads(content.decode())))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PoetrySettingsUnreadable(path, problem=f"not TOML: {error}") from error


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _boolean(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    return str(value).lower() in {"true", "1"}


def _config_folder(environ: Mapping[str, str], home: str, platform: str) -> str:
    if environ.get("POETRY_CONFIG_DIR"):
        return environ["POETRY_CONFIG_DIR"]
    if platform == "darwin":
        return f"{home}/Library/Application Support/pypoetry"
    if platform == "win32":
        return os.path.join(environ.get("APPDATA") or f"{home}/AppData/Roaming", "pypoetry")
    return os.path.join(environ.get("XDG_CONFIG_HOME") or f"{home}/.config", "pypoetry")


def _cache_folder(environ: Mapping[str, str], home: str, platform: str) -> str:
    if platform == "darwin":
        return f"{home}/Library/Caches/pypoetry"
    if platform == "win32":
        return os.path.join(environ.get("LOCALAPPDATA") or f"{home}/AppData/Local", "pypoetry", "Cache")
    return os.path.join(environ.get("XDG_CACHE_HOME") or f"{home}/.cache", "pypoetry")
