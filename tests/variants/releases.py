"""Releases that come as wheel variants, and the judges of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from accelinstall.testing import IndexServer, make_wheel

SCHEMA = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"
Variants = Mapping[str, Mapping[str, Mapping[str, list[str]]]]

# How the providers that uv answers itself are named in metadata; nobody here runs or reads them.
PROVIDERS = {
    "nvidia": {
        "requires": ["nvidia-variant-provider"],
        "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
    },
    "x86_64": {"requires": ["x86-64-variant-provider"]},
    "blas": {
        "static-properties": {"library": ["openblas", "mkl"], "threads": ["on"]},
        "feature-order": ["threads", "library"],
    },
}


def document(variants: Variants, namespaces: list[str], *, schema: str = SCHEMA) -> dict[str, object]:
    """A ``variants.json``."""
    return {
        "$schema": schema,
        "default-priorities": {"namespace": namespaces},
        "providers": {name: PROVIDERS.get(name, {"builtin": name}) for name in namespaces},
        "variants": variants,
    }


def wheel(
    directory: Path,
    label: str,
    content: Mapping[str, object] | None = None,
    *,
    version: str = "1.0",
    tag: str = "py3-none-any",
    build: str = "",
) -> Path:
    """A wheel of ``demo`` whose module tells its label; the plain one for an empty label."""
    files = {"demo/__init__.py": f"LABEL = {label!r}\n"}
    if label:
        own = {**(content or {}), "variants": {label: (content or {}).get("variants", {}).get(label, {})}}  # type: ignore[attr-defined]
        files[f"demo-{version}.dist-info/variant.json"] = json.dumps(own)
    parts = ["demo", version, *filter(None, [build]), tag, *filter(None, [label])]
    return make_wheel(directory, "demo", version, files=files, tag=tag, build=build, filename="-".join(parts) + ".whl")


def publish(
    server: IndexServer,
    directory: Path,
    variants: Variants,
    namespaces: list[str],
    *,
    plain: bool = True,
    version: str = "1.0",
    schema: str = SCHEMA,
) -> None:
    """Offers one wheel per label, a plain one unless told otherwise, and their ``variants.json``."""
    content = document(variants, namespaces, schema=schema)
    for label in (*variants, *([""] if plain else [])):
        server.add(wheel(directory, label, content, version=version))
    path = directory / f"demo-{version}-variants.json"
    path.write_text(json.dumps(content))
    server.add(path)
