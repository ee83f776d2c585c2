"""How the files of a lock are laid out in a new environment, as one text that is read in bulk.

Made from the layouts of a whole installation (:func:`outline_of`), it holds nothing of the environment it was made in:
paths are relative to the prefix, scripts lack their first line, and a RECORD has a gap for each script's row.
"""

import os

TYPE_CHECKING = False  # `typing` itself costs 2 ms.
if TYPE_CHECKING:
    from collections.abc import Iterable

    from accelinstall.installation.layout import Layout, Places
    from accelinstall.model.installation import Interpreter, Receipt

FORMAT = "accelinstall outline 1"
ID, CREATED, SECONDS = "@id@", "@created@", "@link@"
"""What stands in the receipt's text for its own id and time, and as the name of its one timing."""


class Outline:
    """An installation without its place; see :func:`parse_outline`.

    :ivar store: folder of the entries; ``boot`` the run of the system in which they were found complete.
    :ivar purelib: relative to the prefix, like every path but ``store``.
    :ivar names: canonical names of the distributions; ``spared``: what may be there already and stays.
    :ivar keys: the wheels' hashes, for their time of use.
    :ivar is_proved: ``yes`` when a framework is among them, which is asked to compute after an installation.
    :ivar lines: what to say, ``Into`` to be filled in.
    :ivar folders: every folder that files need, parents first.
    :ivar links: rows of folder in the store, folder, names of the files to link from one to the other.
    :ivar writes: rows of path, ``x`` (executable) or ``-``, ``s`` (script), ``r`` (RECORD) or ``-``, content.
    """

    __slots__ = (
        *("boot", "folders", "is_proved", "keys", "lines", "links", "names", "purelib", "receipt", "spared", "store"),
        "writes",
    )

    def __init__(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    store: str
    boot: str
    purelib: str
    names: "list[str]"
    spared: "list[str]"
    is_proved: str
    keys: "list[str]"
    lines: "list[str]"
    receipt: str
    folders: "list[str]"
    links: "list[tuple[str, str, list[str]]]"
    writes: "list[tuple[str, str, str, bytes]]"


def parse_outline(data: bytes) -> Outline:
    """The inverse of :func:`render_outline`.

    :raises ValueError: when *data* is cut off or of another format.
    """
    head, _, blob = data.partition(b"\0")
    fields = head.decode("utf-8", "surrogateescape").split("\f")
    form, store, boot, purelib, names, spared, is_proved, keys, lines, receipt, *tables = fields
    if form != FORMAT:
        raise ValueError(f"not `{FORMAT}`")
    folders, link_rows, write_rows = (table.split("\n") if table else [] for table in tables)
    links = []
    for row in link_rows:
        source, folder, *files = row.split("\t")
        links.append((source, folder, files))
    writes, position = [], 0
    for row in write_rows:
        path, mode, kind, size = row.split("\t")
        writes.append((path, mode, kind, blob[position : position + int(size)]))
        position += int(size)
    if blob[position:] != b"end":
        raise ValueError("cut off")
    return Outline(
        store=store,
        boot=boot,
        purelib=purelib,
        names=names.split(" "),
        spared=spared.split(" "),
        is_proved=is_proved,
        keys=keys.split(" "),
        lines=lines.split("\n"),
        receipt=receipt,
        folders=folders,
        links=links,
        writes=writes,
    )


def render_outline(outline: Outline) -> "bytes | None":
    """The text of *outline*; ``None`` when a path holds a sign that the format needs."""
    tables = [
        "\n".join(outline.folders),
        "\n".join(["\t".join([source, folder, *files]) for source, folder, files in outline.links]),
        "\n".join([f"{path}\t{mode}\t{kind}\t{len(content)}" for path, mode, kind, content in outline.writes]),
    ]
    fields = [FORMAT, outline.store, outline.boot, outline.purelib, " ".join(outline.names), " ".join(outline.spared)]
    fields += [outline.is_proved, " ".join(outline.keys)]
    fields += ["\n".join(outline.lines), outline.receipt, *tables]
    names = [name for _, _, files in outline.links for name in files]
    names += [*outline.folders, *(row[0] for row in outline.writes), outline.store]
    if any("\t" in name or "\n" in name for name in names) or any("\f" in field or "\0" in field for field in fields):
        return None
    head = "\f".join(fields).encode("utf-8", "surrogateescape")
    return b"".join([head, b"\0", *(content for *_, content in outline.writes), b"end"])


def outline_of(
    layouts: "Iterable[Layout]",
    places: "Places",
    interpreter: "Interpreter",
    *,
    store: str,
    boot: str,
    receipt: "Receipt",
    lines: "list[str]",
    spared: "Iterable[str]",
    is_proved: bool,
) -> "Outline | None":
    """The outline of what *layouts* bring, their metadata added; ``None`` when something cannot be told in advance.

    :param receipt: of the installation they stand for.
    """
    import dataclasses

    from accelinstall.model.receipts import render_receipt

    inside = f"{places.prefix}/"
    grouped: dict[tuple[str, str], list[str]] = {}
    writes: list[tuple[str, str, str, bytes]] = []
    folders: set[str] = set()
    taken: set[str] = set()
    names, keys = [], []
    for layout in layouts:
        names.append(layout.name)
        keys.append(layout.entry.sha256)
        targets = [*layout.links, *layout.fresh, layout.record]
        # Two distributions that share a path: who wins is told to the user every time.
        if any(not target.startswith(inside) for target in targets) or not taken.isdisjoint(targets):
            return None
        taken.update(targets)
        folders.update([target.rpartition("/")[0][len(inside) :] for target in targets])
        for target, (source, _) in layout.links.items():
            folder, _, name = source.rpartition("/")
            place, _, final = target.rpartition("/")
            if name != final or not folder.startswith(f"{store}/"):
                return None
            grouped.setdefault((folder[len(store) + 1 :], place[len(inside) :]), []).append(name)
        written = _written(layout, interpreter, inside)
        if written is None:
            return None
        writes += written
    told = dataclasses.replace(receipt, id=ID, created=CREATED, previous="", timings={SECONDS: 0.5})
    return Outline(
        store=store,
        boot=boot,
        purelib=places.schemes["purelib"][len(inside) :],
        names=names,
        spared=sorted(spared),
        is_proved="yes" if is_proved else "no",
        keys=keys,
        lines=lines,
        receipt=render_receipt(told),
        folders=_with_parents(folders),
        links=[(source, folder, files) for (source, folder), files in grouped.items()],
        writes=writes,
    )


def _written(layout: "Layout", interpreter: "Interpreter", inside: str) -> "list[tuple[str, str, str, bytes]] | None":
    """The files that are new in every environment, RECORD last, with a gap for each script's row."""
    from accelinstall.installation.records import record_path, render_record
    from accelinstall.installation.scripts import shebang

    own = shebang(interpreter.executable)
    if own != b"#!" + os.fsencode(interpreter.executable) + b"\n":
        return None
    rows = dict(layout.rows)
    contents: list[tuple[str, str, str, bytes]] = []
    for target, (content, executable) in layout.fresh.items():
        is_script = content.startswith(own)
        if is_script:
            # Told apart by their place; a digest never holds such signs.
            rows[target] = (f"@{len(contents)}@", "")
            content = content[len(own) :]
        contents.append((target[len(inside) :], "x" if executable else "-", "s" if is_script else "-", content))
    table = [(record_path(layout.base, target), *row) for target, row in rows.items()]
    record = render_record([*table, (record_path(layout.base, layout.record), "", "")])
    contents.append((layout.record[len(inside) :], "-", "r", record.encode("utf-8", "surrogateescape")))
    return contents


def _with_parents(folders: "set[str]") -> "list[str]":
    found: set[str] = set()
    for folder in folders:
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(found)
