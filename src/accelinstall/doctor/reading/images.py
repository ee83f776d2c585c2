"""What the name of an image tells: its Python, its CUDA, its Poetry."""

from __future__ import annotations

import re

from accelinstall.doctor.facts import LATEST, Fact, Image

_REFERENCE = re.compile(r"(?P<name>(?:[^/\s@:]+(?::\d+)?/)*[^/\s@:]+)(?::(?P<tag>[^@\s]+))?(?:@(?P<digest>\S+))?")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_PYTHON_TAG = re.compile(r"(?:^|[-_])(?:py|python)(\d)\.?(\d+)(?:\.\d+)?(?=$|[-_.])")
_CUDA_TAG = re.compile(r"(?:^|[-_])cuda(\d+(?:\.\d+)*)")


def split_reference(reference: str) -> tuple[str, str]:
    """(name without registry and ``library/``, tag) of an image; the tag is empty when a digest pins it.

    An image without either has the tag ``latest``.
    """
    match = _REFERENCE.fullmatch(reference.strip())
    if match is None:
        return "", ""
    parts = match["name"].split("/")
    if len(parts) > 1 and ("." in parts[0] or ":" in parts[0] or parts[0] == "localhost"):
        parts = parts[1:]
    if parts[0] == "library":
        parts = parts[1:]
    return "/".join(parts), match["tag"] or ("" if match["digest"] else LATEST)


def image_facts(image: Image) -> tuple[Fact, ...]:
    """``base-image`` and what it carries."""
    if not image.reference or image.reference == "scratch":
        return ()
    where = f"{image.path}:{image.line}"
    found = [Fact(fact="base-image", place=image.place, value=image.reference, where=where)]
    name, tag = split_reference(image.reference)
    for fact, value in (("python", _python(name, tag)), ("cuda", _cuda(name, tag))):
        if value:
            found.append(Fact(fact=fact, place=image.place, value=value, where=where))
    return tuple(found)


def _python(name: str, tag: str) -> str:
    last = name.rpartition("/")[2]
    if last in {"python", "cpython"} or name.endswith("devcontainers/python"):
        number = re.search(r"(?:^|-)(\d+(?:\.\d+)*)(?=$|-|rc|a|b)", tag)
        return number[1] if number else (LATEST if tag else "")
    match = _PYTHON_TAG.search(tag)
    return f"{match[1]}.{match[2]}" if match else ""


def _cuda(name: str, tag: str) -> str:
    if name == "nvidia/cuda" or name.endswith("/nvidia/cuda"):
        number = _NUMBER.match(tag)
        return ".".join(number[0].split(".")[:2]) if number else ""
    match = _CUDA_TAG.search(tag)
    return ".".join(match[1].split(".")[:2]) if match else ""
