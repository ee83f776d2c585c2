"""Simple-API pages in JSON (PEP 691, 700, 714)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from accelinstall.index.links import Link, PageLinks, hex_sha256, joiner

if TYPE_CHECKING:
    import msgspec


def parse_json(body: bytes, *, url: str) -> tuple[str, PageLinks]:
    """The API version the page states and its links, made absolute against *url*.

    :raises ValueError: when it is not such a document; the text says where.
    """
    import msgspec

    try:
        page = _decoder().decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None
    join = joiner(url)

    def make(file: Any) -> Link | None:
        address = join(file.url.partition("#")[0])
        if not address:
            return None
        metadata = file.core_metadata if file.core_metadata is not None else file.dist_info_metadata
        return Link(
            filename=file.filename,
            url=address,
            sha256=hex_sha256(file.hashes.get("sha256")),
            size=file.size,
            requires_python=file.requires_python or "",
            yanked=file.yanked if isinstance(file.yanked, str) else "" if file.yanked else None,
            upload_time=file.upload_time or "",
            metadata_sha256=_metadata_sha256(metadata),
        )

    return page.meta.api_version, PageLinks(
        filenames=[file.filename for file in page.files], rows=page.files, make=make
    )


def _metadata_sha256(value: bool | dict[str, str] | None) -> str | None:
    if isinstance(value, dict):
        return hex_sha256(value.get("sha256"))
    return "" if value else None


@cache
def _decoder() -> msgspec.json.Decoder[Any]:
    """The decoder, made when the first JSON page comes: msgspec takes 20 ms to import."""
    import msgspec

    meta = msgspec.defstruct("Meta", [("api_version", str, msgspec.field(name="api-version"))])
    file = msgspec.defstruct(
        "File",
        [
            ("filename", str),
            ("url", str),
            ("hashes", dict[str, str], msgspec.field(default_factory=dict)),
            ("size", int | None, None),
            ("requires_python", str | None, msgspec.field(name="requires-python", default=None)),
            ("yanked", bool | str | None, None),
            ("upload_time", str | None, msgspec.field(name="upload-time", default=None)),
            ("core_metadata", bool | dict[str, str] | None, msgspec.field(name="core-metadata", default=None)),
            (
                "dist_info_metadata",
                bool | dict[str, str] | None,
                msgspec.field(name="dist-info-metadata", default=None),
            ),
        ],
        gc=False,
    )
    page = msgspec.defstruct("Page", [("meta", meta), ("files", list[file])])  # type: ignore[valid-type]
    return msgspec.json.Decoder(page)
