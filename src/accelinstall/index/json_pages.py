"""Simple-API pages in JSON (PEP 691, 700, 714)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Required, TypedDict

from accelinstall.index.json_scan import scan
from accelinstall.index.links import Link, PageHead, PageLinks, grouped, hex_sha256, joiner

if TYPE_CHECKING:
    import msgspec


def parse_json(body: bytes, *, url: str) -> tuple[PageHead, PageLinks]:
    """What the page states of itself, and its links, made absolute against *url*.

    A file that cannot be read is noticed when it is looked at, unless the whole page had to be decoded.

    :raises ValueError: when it is not such a document; the text says where.
    """
    join = joiner(url)
    found = scan(body)
    head = _head_of(found.frame) if found else None
    if found is not None and head is not None:
        row = found.row
        return head, PageLinks(groups=found.groups, make=lambda place: _link(row(place), join))
    page = _decoded(body)
    files = page.files
    groups = grouped(file["filename"] for file in files)
    stated = page.project_status
    head = PageHead(page.meta.api_version, *((stated.status, stated.reason or "") if stated else ()))
    return head, PageLinks(groups=groups, make=lambda place: _link(files[place], join))


def _head_of(frame: Mapping[str, Any]) -> PageHead | None:
    """What the page says of itself, unless it says it in another form than the standard's."""
    meta, stated = frame.get("meta"), frame.get("project-status", {})
    if not isinstance(meta, dict) or not isinstance(stated, dict):
        return None
    texts = [meta.get("api-version"), stated.get("status", ""), stated.get("reason") or ""]
    known = [text for text in texts if isinstance(text, str)]
    return PageHead(*known) if known == texts else None


def _link(row: Any, join: Callable[[str], str]) -> Link | None:
    """A decoded object as a link; ``None`` when its address is none.

    :raises ValueError: when something in it is of another kind than the standard says.
    """
    if not isinstance(row, dict) or not isinstance(row.get("filename"), str):
        raise ValueError("one of its files is no object with a `filename`")
    for name, kinds in _KINDS:
        # Exactly, for a truth value is an integer too.
        if type(row.get(name)) not in kinds:
            raise ValueError(f"`{name}` of {row['filename']} is of another kind than the standard says")
    address = join(row["url"].partition("#")[0])
    if not address:
        return None
    yanked, metadata = row.get("yanked"), row.get("core-metadata")
    return Link(
        filename=row["filename"],
        url=address,
        sha256=hex_sha256((row.get("hashes") or {}).get("sha256")),
        size=_size(row.get("size")),
        requires_python=row.get("requires-python") or "",
        yanked=yanked if isinstance(yanked, str) else "" if yanked else None,
        upload_time=row.get("upload-time") or "",
        metadata_sha256=_metadata_sha256(row.get("dist-info-metadata") if metadata is None else metadata),
    )


_TEXT, _METADATA = (str, NoneType), (bool, dict, NoneType)
_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("url", (str,)),
    ("hashes", (dict, NoneType)),
    ("size", (int, NoneType)),
    ("requires-python", _TEXT),
    ("yanked", (bool, *_TEXT)),
    ("upload-time", _TEXT),
    ("core-metadata", _METADATA),
    ("dist-info-metadata", _METADATA),
)


def _size(value: int | None) -> int | None:
    """*value* where a file can have that size: a lock could not hold any other, and nobody could ever fetch it."""
    return value if value is not None and 0 <= value < 1 << 63 else None


def _metadata_sha256(value: bool | dict[str, str] | None) -> str | None:
    if isinstance(value, dict):
        return hex_sha256(value.get("sha256"))
    return "" if value else None


def _decoded(body: bytes) -> Any:
    import msgspec

    try:
        return _decoder().decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None


_File = TypedDict(
    "_File",
    {
        "filename": Required[str],
        "url": Required[str],
        "hashes": dict[str, str],
        "size": int | None,
        "requires-python": str | None,
        "yanked": bool | str | None,
        "upload-time": str | None,
        "core-metadata": bool | dict[str, str] | None,
        "dist-info-metadata": bool | dict[str, str] | None,
    },
    total=False,
)


@cache
def _decoder() -> msgspec.json.Decoder[Any]:
    """The decoder, made when the first such page comes: msgspec takes 20 ms to import."""
    import msgspec

    meta = msgspec.defstruct("Meta", [("api_version", str, msgspec.field(name="api-version"))])
    status = msgspec.defstruct("Status", [("status", str, "active"), ("reason", str | None, None)])
    named = msgspec.field(name="project-status", default=None)
    page = msgspec.defstruct("Page", [("meta", meta), ("files", list[_File]), ("project_status", status | None, named)])
    return msgspec.json.Decoder(page)
