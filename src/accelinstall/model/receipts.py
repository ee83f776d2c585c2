"""Receipts as text, and where an environment keeps them: what the room that writes and the room that reads agree on."""

from __future__ import annotations

import json
from collections.abc import Iterable

from accelinstall.model.installation import Receipt

STATE_FOLDER = ".accelinstall"
"""Folder inside ``purelib`` that holds everything we remember about an environment."""

RECEIPTS_FOLDER = "receipts"
"""Folder inside :data:`STATE_FOLDER` with one ``<id>.json`` per receipt."""


def render_receipt(receipt: Receipt) -> str:
    """The JSON document of *receipt*; :func:`parse_receipt` is its inverse."""
    # Not `__dataclass_fields__`, for which the standard library's own are imported.
    document = {name: getattr(receipt, name) for name in Receipt.__slots__}
    return json.dumps({"schema": 1, **document, "timings": dict(receipt.timings)}, indent=1) + "\n"


def parse_receipt(text: str) -> Receipt:
    """The receipt written in *text*.

    :raises ValueError: when it is not one.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or document.pop("schema", None) != 1:
        raise ValueError("not a receipt of schema 1")
    try:
        for key in ("installed", "changes"):
            document[key] = tuple((first, second, third) for first, second, third in document[key])
        document["requested"] = tuple(document.get("requested", ()))
        for key in ("direct", "built", "addresses"):
            document[key] = tuple((name, text) for name, text in document.get(key, ()))
        return Receipt(**document)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a receipt: {error}") from error


def newest_receipt_file(names: Iterable[str]) -> str | None:
    """The name of the newest receipt among the file *names* of the receipts folder.

    Names open with a growing number, so that a clock set back cannot reorder them.
    """
    return max((name for name in names if name.endswith(".json") and name[:6].isdigit()), default=None)
