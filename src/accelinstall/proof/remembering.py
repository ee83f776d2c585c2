"""Proofs that need not be repeated: kept in the environment for one lock, one target and one set of hardware."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from accelinstall import fs
from accelinstall.model.installation import Interpreter, Proof
from accelinstall.model.receipts import STATE_FOLDER

# An environment on a shared disk is used by several kinds of nodes; more than this many is another story.
_KEPT = 8


def fresh_proof(interpreter: Interpreter, *, lock_hash: str, target: str, hardware: str) -> tuple[Proof, ...] | None:
    """The proofs made in this environment for exactly this lock, target and hardware; ``None`` = prove again.

    What has failed is never fresh.  Costs one small file.

    :param hardware: any text that changes with the devices and their drivers.
    """
    key = [lock_hash, target, hardware]
    for entry in _entries(interpreter):
        if entry.get("key") == key:
            with suppress(KeyError, TypeError):
                proofs = tuple(
                    Proof(**{**row, "architectures": tuple(row["architectures"])}) for row in entry["proofs"]
                )
                return None if any(proof.status == "failed" for proof in proofs) else proofs
    return None


def write_proof(
    interpreter: Interpreter, proofs: Sequence[Proof], *, lock_hash: str, target: str, hardware: str
) -> None:
    """Remember *proofs*; an environment that cannot be written to is proved again next time."""
    key = [lock_hash, target, hardware]
    rows = [{name: getattr(proof, name) for name in Proof.__dataclass_fields__} for proof in proofs]
    others = [entry for entry in _entries(interpreter) if entry.get("key") != key]
    document = {"schema": 1, "entries": [{"key": key, "proofs": rows}, *others[: _KEPT - 1]]}
    path = _path(interpreter)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fs.write_atomic(str(path), json.dumps(document, indent=1).encode())


def _path(interpreter: Interpreter) -> Path:
    return Path(interpreter.schemes["purelib"]).resolve() / STATE_FOLDER / "proof.json"


def _entries(interpreter: Interpreter) -> list[dict[str, Any]]:
    try:
        with _path(interpreter).open(encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return []
    if not isinstance(document, dict) or document.get("schema") != 1:
        return []
    return [entry for entry in document.get("entries", ()) if isinstance(entry, dict)]
