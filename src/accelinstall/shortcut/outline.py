"""How the files of a lock are laid out in a new environment, as one text that is read in bulk.

Made from the layouts of a whole installation (:func:`outline_of`), it holds nothing of the environment it was made in:
paths are relative to the prefix, scripts lack their first line, and a RECORD has a gap for each script's row.
"""

import os

TYPE_CHECKING = False  # `typing` itself costs 2 ms.
if TYPE_CHECKING:
    from collections.abc import Iterable

    from accelinstall.installation.layout import LaidOut, Layout
    from accelinstall.model.installation import Interpreter, Receipt

    _Write = tuple[str, str, str, bytes]

FORMAT = "accelinstall outline 2"
ID, CREATED, SECONDS = "@id@", "@created@", "@link@"
"""What stands in the receipt's text for its own id and time, and as the name of its one timing."""

# What making a folder and writing a file cost, in links.
_FOLDER, _FILE, _BYTES = 4, 10, 4_000


class Outline:
    """An installation without its place; see :func:`parse_outline`.

    :ivar store: folder of the entries; ``boot`` the run of the system in which they were found complete.
    :ivar purelib: relative to the prefix, like every path but ``store``.
    :ivar names: canonical names of the distributions; ``spared``: what may be there already and stays.
    :ivar keys: the wheels' hashes, for their time of use.
    :ivar is_proved: ``yes`` when a framework is among them, which is asked to compute after an installation.
    :ivar lines: what to say, ``Into`` to be filled in.
    :ivar halves: the work, in two parts that two processes can do side by side: rows of folder, folder in the store
        and names of the files to link, with tabs between; every folder that files need has one, parents first.
    :ivar shared: the folders that both halves stand in, parents first.
    :ivar writes: rows of path, ``x`` (executable) or ``-``, ``s`` (script), ``r`` (RECORD) or ``-``, half, content.  A
        RECORD is the last of its distribution; its ``r`` is followed by the place and number of each script that lacks
        hash and size there.
    """

    __slots__ = (
        *("boot", "halves", "is_proved", "keys", "lines", "names", "purelib", "receipt", "shared", "spared", "store"),
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
    shared: "list[str]"
    halves: "tuple[list[str], list[str]]"
    writes: "list[tuple[str, str, str, str, bytes | memoryview]]"


def parse_outline(data: bytes) -> Outline:
    """The inverse of :func:`render_outline`; rows stay text until somebody does what they say.

    :raises ValueError: when *data* is cut off or of another format.
    """
    end = data.index(b"\0") + 1
    form, *fields = data[: end - 1].decode("utf-8", "surrogateescape").split("\f")
    if form != FORMAT:
        raise ValueError(f"not `{FORMAT}`")
    store, boot, purelib, names, spared, is_proved, keys, lines, receipt, *tables = fields
    shared, first, second, write_rows = (table.split("\n") if table else [] for table in tables)
    # The greater part of the text: not copied once more.
    blob = memoryview(data)[end:]
    writes, position = [], 0
    for row in write_rows:
        path, mode, kind, half, size = row.split("\t")
        writes.append((path, mode, kind, half, blob[position : position + int(size)]))
        position += int(size)
    if bytes(blob[position:]) != b"end":
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
        shared=shared,
        halves=(first, second),
        writes=writes,
    )


def render_outline(outline: Outline) -> "bytes | None":
    """The text of *outline*; ``None`` when a path holds a sign that the format needs."""
    tables = [outline.shared, *outline.halves]
    tables.append(["\t".join([*row[:4], str(len(row[4]))]) for row in outline.writes])
    fields = [FORMAT, outline.store, outline.boot, outline.purelib, " ".join(outline.names), " ".join(outline.spared)]
    fields += [outline.is_proved, " ".join(outline.keys)]
    fields += ["\n".join(outline.lines), outline.receipt, *map("\n".join, tables)]
    names = [*outline.shared, *(row[0] for row in outline.writes), outline.store]
    if any("\t" in name or "\n" in name for name in names) or any("\f" in field or "\0" in field for field in fields):
        return None
    if any("\n" in row for half in outline.halves for row in half):
        return None
    head = "\f".join(fields).encode("utf-8", "surrogateescape")
    return b"".join([head, b"\0", *(row[4] for row in outline.writes), b"end"])


def outline_of(
    laid_out: "LaidOut",
    *,
    store: str,
    boot: str,
    receipt: "Receipt",
    lines: "list[str]",
    spared: "Iterable[str]",
    is_proved: bool,
) -> "Outline | None":
    """The outline of what has been *laid_out*; ``None`` when something cannot be told in advance.

    :param receipt: of the installation they stand for.
    """
    from accelinstall.model.receipts import render_receipt
    from accelinstall.values import replace

    inside = f"{laid_out.places.prefix}/"
    grouped: dict[tuple[str, str], list[str]] = {}
    writes: list[_Write] = []
    for layout in laid_out.layouts:
        # What another distribution won is in the rows only: who wins is told to the user every time.
        if len(layout.rows) != len(layout.links) + len(layout.fresh) or not layout.base.startswith(inside):
            return None
        written = _written(layout, laid_out.interpreter, inside)
        if written is None or not _group(layout, f"{store}/", inside, grouped):
            return None
        writes += written
    rows = _rows(grouped, writes)
    if sum([row.count("\t") - 1 for row in rows]) != sum(map(len, grouped.values())):
        return None
    halves, shared = _halve(rows, writes)
    first = {row.partition("\t")[0] for row in halves[0]}.union(shared)
    told = replace(receipt, id=ID, created=CREATED, previous="", timings={SECONDS: 0.5})
    return Outline(
        store=store,
        boot=boot,
        purelib=laid_out.places.schemes["purelib"][len(inside) :],
        names=[layout.name for layout in laid_out.layouts],
        spared=sorted(spared),
        is_proved="yes" if is_proved else "no",
        keys=[layout.entry.sha256 for layout in laid_out.layouts],
        lines=lines,
        receipt=render_receipt(told),
        shared=shared,
        halves=halves,
        writes=[(*row[:3], "0" if row[0].rpartition("/")[0] in first else "1", row[3]) for row in writes],
    )


def _group(layout: "Layout", store: str, inside: str, grouped: "dict[tuple[str, str], list[str]]") -> bool:
    """Add the names of the files to link, by folder and folder in the store; false where an outline has no room."""
    found: dict[tuple[str, str], list[str]] = {}
    for target, (source, _) in layout.links.items():
        place, _, name = target.rpartition("/")
        folder, _, same = source.rpartition("/")
        if name != same:
            return False
        found.setdefault((place, folder), []).append(name)
    for (place, folder), names in found.items():
        if not f"{place}/".startswith(inside) or not folder.startswith(store):
            return False
        grouped.setdefault((place[len(inside) :], folder[len(store) :]), []).extend(names)
    return True


def _written(layout: "Layout", interpreter: "Interpreter", inside: str) -> "list[_Write] | None":
    """The files that are new in every environment, RECORD last, with a gap for each script's row."""
    from accelinstall.installation.records import render_rows
    from accelinstall.installation.scripts import shebang

    own = shebang(interpreter.executable)
    if own != b"#!" + os.fsencode(interpreter.executable) + b"\n":
        return None
    contents: list[_Write] = []
    record = layout.text.encode("utf-8", "surrogateescape")
    gaps: list[tuple[int, int, int]] = []
    for target, (content, executable) in layout.fresh.items():
        if not target.startswith(inside):
            return None
        kind = "-"
        if content.startswith(own):
            kind, content = "s", content[len(own) :]
            row = render_rows(layout.base, {target: layout.rows[target]}).encode("utf-8", "surrogateescape")
            told = len(",".join(layout.rows[target]))
            # From its begin, which is the end of another, to hash and size.
            place = (0 if record.startswith(row) else record.index(b"\n" + row) + 1) + len(row) - 1 - told
            gaps.append((place, told, len(gaps)))
        contents.append((target[len(inside) :], "x" if executable else "-", kind, content))
    pieces, places, done = [], [], 0
    for place, told, number in sorted(gaps):
        pieces.append(record[done:place])
        places.append(f"{sum(map(len, pieces))}:{number}")
        done = place + told
    contents.append((layout.record[len(inside) :], "-", "r" + " ".join(places), b"".join([*pieces, record[done:]])))
    return contents


def _rows(grouped: "dict[tuple[str, str], list[str]]", writes: "Iterable[_Write]") -> "list[str]":
    """One row for each pair of folders, and for each folder without files; what is in a folder comes right after it."""
    found: set[str] = set()
    for folder in {*(place for place, _ in grouped), *(row[0].rpartition("/")[0] for row in writes)}:
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    pairs = [*grouped.items(), *(((folder, ""), []) for folder in found.difference([place for place, _ in grouped]))]
    return ["\t".join([*pair, *names]) for pair, names in sorted(pairs, key=lambda item: item[0][0].split("/"))]


def _halve(rows: "list[str]", writes: "Iterable[_Write]") -> "tuple[tuple[list[str], list[str]], list[str]]":
    """*rows* cut where both halves are as much work, files to write included; and the folders that both stand in."""
    written: dict[str, int] = {}
    for path, *_, content in writes:
        folder = path.rpartition("/")[0]
        written[folder] = written.get(folder, 0) + _FILE + len(content) // _BYTES
    work = []
    for row in rows:
        folder = row.partition("\t")[0]
        # Written once, though a folder may have several rows.
        work.append(_FOLDER + row.count("\t") - 1 + written.pop(folder, 0))
    left, cut = sum(work) / 2, 0
    while cut < len(rows) and left >= work[cut]:
        left -= work[cut]
        cut += 1
    first, second = rows[:cut], rows[cut:]
    if not second:
        return (first, second), []
    folder, source, *names = second[0].split("\t")
    share = max(0, min(len(names), int(left) - _FOLDER))
    if share:
        first.append("\t".join([folder, source, *names[:share]]))
        second[0] = "\t".join([folder, source, *names[share:]])
    parts = folder.split("/") if folder else []
    return (first, second), ["/".join(parts[: number + 1]) for number in range(len(parts))]
