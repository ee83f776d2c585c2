"""A namespace and the environment's variables -> a :class:`~accelinstall.pipeline.request.Request`."""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from accelinstall.errors import UsageError
from accelinstall.model.hardware import ENVIRONMENTS, Overrides
from accelinstall.pipeline.request import GroupOptions, IndexOptions, Request

_ARCHITECTURE = re.compile(r"sm_\d{2,3}[a-z]?|gfx[0-9a-f]{3,5}|xe[a-z0-9-]*|apple")
# Each brings a large wheel at a time; more of them than this one server need not bear.
_MOST_PROCESSES = 6


def request_from(arguments: Namespace, environ: Mapping[str, str]) -> Request:
    """The request a command line makes.

    :raises UsageError: for a value that cannot be meant.
    """
    one = vars(arguments)
    if one.get("no_index") and (one.get("index_url") or one.get("extra_index_url")):
        message = "--no-index forbids every index, so none can be named beside it"
        raise UsageError(message, hint="leave out one of the two")
    target = one.get("target", [])
    return Request(
        project=one.get("project", "."),
        requirements=tuple(one.get("requirements", ())),
        constraints=tuple(one.get("constraints", ())),
        inline=tuple(one.get("requirement", ())),
        host=one.get("host", ""),
        overrides=overrides_from(one, environ),
        groups=GroupOptions(
            profile=one.get("profile", ""),
            with_=_names(one, "with_"),
            without=_names(one, "without_"),
            only=_names(one, "only_"),
            extras=_names(one, "extra"),
        ),
        index=_indexes(one),
        targets=(target,) if isinstance(target, str) and target else tuple(target),
        all_targets=one.get("all_targets", False),
        workspace=one.get("workspace", False),
        lock_file=one.get("lock_file", ""),
        output=one.get("output", ""),
        python=one.get("python", ""),
        venv=one.get("venv", ""),
        pre=one.get("pre", False),
        no_build=one.get("no_build", False),
        build_timeout=one.get("build_timeout", 0.0),
        exclude_newer=one.get("exclude_newer") or "",
        experimental_variants=one.get("experimental_variants", False),
        upgrade=one.get("upgrade") == [],
        upgrade_packages=tuple(one.get("upgrade") or ()),
        resolution=one.get("resolution", "highest"),
        ignore_poetry_lock=one.get("ignore_poetry_lock", False),
        prefer=one.get("prefer", "newest"),
        frozen=one.get("frozen", False),
        offline=one.get("offline", False),
        dry_run=one.get("dry_run", False),
        exact=not one.get("inexact", False),
        prove=not one.get("no_proof", False),
        root=not one.get("no_root", False),
        connections=one.get("connections", 0),
        limit_rate=one.get("limit_rate", 0),
        processes=min(_MOST_PROCESSES, _cores()),
        compile_bytecode=one.get("compile"),
        link_mode=None if one.get("link_mode", "auto") == "auto" else one["link_mode"],
        cache_directory=one.get("cache_dir", ""),
        environ=dict(environ),
    )


def _indexes(one: Mapping[str, Any]) -> IndexOptions:
    return IndexOptions(
        index_url=one.get("index_url") or "",
        extra_index_urls=tuple(one.get("extra_index_url", ())),
        find_links=tuple(one.get("find_links", ())),
        no_index=one.get("no_index", False),
    )


def _cores() -> int:
    """Those this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def overrides_from(one: Mapping[str, object], environ: Mapping[str, str]) -> Overrides:
    """What the user claims about the machine: options first, then ``ACCELINSTALL_*`` variables.

    :raises UsageError: for an environment or architecture that does not exist.
    """

    def value(name: str) -> str:
        given = one.get(name)
        return str(given) if given else environ.get(f"ACCELINSTALL_{name.upper()}", "").strip()

    environment = value("environment") or "auto"
    if environment not in ("auto", *ENVIRONMENTS):
        raise UsageError(f"`{environment}` is not an environment", hint="one of auto, " + ", ".join(ENVIRONMENTS))
    architectures = tuple(sorted({part.strip() for part in value("gpu_arch").split(",") if part.strip()}))
    for architecture in architectures:
        if not _ARCHITECTURE.fullmatch(architecture):
            raise UsageError(f"`{architecture}` is not a GPU architecture", hint="such as sm_90 or gfx942")
    return Overrides(
        environment=next((known for known in ENVIRONMENTS if known == environment), None),
        backend=value("backend").replace(".", "-"),
        gpu_arch=architectures,
        driver_version=_version(value("driver_version"), "driver version", "580.95.05"),
        platform=value("platform"),
        python_version=_version(value("python_version"), "Python version", "3.12", pattern=r"\d+\.\d+(\.\d+)?t?"),
    )


def _version(text: str, noun: str, example: str, *, pattern: str = r"\d+(\.\d+){0,3}") -> str:
    if text and not re.fullmatch(pattern, text):
        raise UsageError(f"`{text}` is not a {noun}", hint=f"such as {example}")
    return text


def _names(one: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Repeatable and comma-separated, as Poetry takes them."""
    given = one.get(key) or ()
    return tuple(part.strip() for text in given for part in str(text).split(",") if part.strip())  # type: ignore[attr-defined]
