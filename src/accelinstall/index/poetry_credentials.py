"""The logins that Poetry keeps for a project's sources.

Sources: Poetry's documentation, "Repositories", section "Configuring credentials".
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from accelinstall.model.project import Source
from accelinstall.net.credentials import Login


def read_poetry_credentials(
    sources: Iterable[Source], environ: Mapping[str, str], *, platform: str = sys.platform
) -> dict[str, Login]:
    """Source address -> login, from ``POETRY_HTTP_BASIC_<NAME>_USERNAME`` / ``_PASSWORD``, else from ``auth.toml``.

    A password that Poetry put into the system's keyring is found by the HTTP client itself, for the user named here.
    A broken ``auth.toml`` gives none: it is Poetry's file and Poetry says so.
    """
    kept = _read_auth(auth_file(environ, platform=platform))
    found: dict[str, Login] = {}
    for source in sources:
        name = "POETRY_HTTP_BASIC_" + re.sub(r"[^A-Za-z0-9]", "_", source.name).upper()
        user, password = environ.get(f"{name}_USERNAME", ""), environ.get(f"{name}_PASSWORD", "")
        if user or password:
            found[source.url] = Login(user, password)
        elif source.name in kept:
            found[source.url] = kept[source.name]
    return found


def auth_file(environ: Mapping[str, str], *, platform: str = sys.platform) -> str:
    """Where Poetry keeps logins in clear text."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")
    folder = environ.get("POETRY_CONFIG_DIR", "")
    if not folder and platform == "win32":
        folder = os.path.join(environ.get("APPDATA") or os.path.join(home, "AppData", "Roaming"), "pypoetry")
    elif not folder and platform == "darwin":
        folder = os.path.join(home, "Library/Application Support/pypoetry")
    elif not folder:
        folder = os.path.join(environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "pypoetry")
    return os.path.join(folder, "auth.toml")


def _read_auth(path: str) -> dict[str, Login]:
    try:
        with open(path, "rb") as stream:
            logins: Any = tomllib.load(stream).get("http-basic", {})
    except (OSError, ValueError):
        return {}
    if not isinstance(logins, dict):
        return {}
    return {
        name: Login(str(login.get("username", "")), str(login.get("password", "")))
        for name, login in logins.items()
        if isinstance(login, dict)
    }
