"""A large wheel unpacked out of its download: directory first, then every member as it passes, nothing twice.

What the whole file would be judged by is judged before a byte is written, from its last part; what only the bytes can
tell (local headers, checksums, RECORD, the hash of the wheel) is compared while they pass.  Anything unexpected ends
the attempt with :class:`Unstreamable`: the wheel is then fetched to the disk and judged there, which also says what is
wrong with it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from accelinstall.errors import SourceError
from accelinstall.events import FileAdvanced, FileFinished, FileStarted
from accelinstall.store.behind import AtOnce
from accelinstall.store.transfer.flow import Flow
from accelinstall.store.transfer.wide import Unstreamable
from accelinstall.store.unpacking.archive import (
    LOCAL_SIZE,
    Central,
    Member,
    descriptor_length,
    has_descriptor,
    judge_gap,
    promised,
    read_local,
)
from accelinstall.store.unpacking.examination import Examination, examine
from accelinstall.store.unpacking.members import content_of, find_inflater, inflated
from accelinstall.store.unpacking.preview import Preview, preview_of
from accelinstall.store.unpacking.refusals import WheelRefused
from accelinstall.store.unpacking.unpack import Writing

if TYPE_CHECKING:
    from accelinstall.store.manifest import Manifest
    from accelinstall.store.transfer.download import Download


def stream_wheel(
    task: Download,
    tree: str,
    *,
    make_room: Callable[[int], object],
    preview: Preview | None = None,
    behind: Callable[[], AtOnce] = AtOnce,
) -> Manifest | None:
    """The manifest of the wheel once it has been downloaded, verified and unpacked into *tree* in one pass.

    ``None``, and perhaps a part in *tree*, when that is not possible here; ``task.partial`` may hold a beginning.

    :param preview: of the wheel, when somebody has looked already.
    :param behind: makes who hashes what has come, and who hashes and writes what has been inflated.

    :raises Cancelled: when somebody asked for it.
    :raises DiskFull: as *make_room* does, which hears how many bytes are to be written.
    """
    size = task.package.size
    if size is None:
        return None
    flow: Flow | None = None
    task.progress(FileStarted(name=task.package.filename, size=size))
    task.lanes.begin()
    try:
        preview = preview or preview_of(task.http, task.address, size)
        entries, examination = _examine(preview, task)
        make_room(examination.size)
        flow = Flow(task, size, preview.validator, behind=behind)
        with closing(flow), closing(behind()) as writing:
            manifest = _unpack(flow, entries, examination, preview.directory, tree, task, writing)
            if flow.finish() != task.package.sha256:
                raise Unstreamable("the hash is another")
    except (Unstreamable, WheelRefused, SourceError):
        if flow is not None:
            task.progress(FileAdvanced(name=task.package.filename, amount=-flow.told))
        return None
    finally:
        task.lanes.end()
    task.progress(FileFinished(name=task.package.filename))
    return manifest


def _examine(preview: Preview, task: Download) -> tuple[list[Central], Examination]:
    """The entries in file order, and the wheel judged by what its end says."""
    zlib = find_inflater()
    members = [promised(entry) for entry in preview.entries]
    by_path = {member.path: entry for member, entry in zip(members, preview.entries, strict=True)}
    read = preview.reader(task.http, task.address)

    def text(member: Member) -> bytes:
        return content_of(read_local(read, by_path[member.path]), read, zlib)

    examination = examine(members, package=task.package, text=text)
    return sorted(preview.entries, key=lambda entry: entry.offset), examination


def _unpack(
    flow: Flow,
    entries: list[Central],
    examination: Examination,
    directory: int,
    tree: str,
    task: Download,
    behind: AtOnce,
) -> Manifest:
    zlib = find_inflater()
    writing = Writing(examination, tree, zlib=zlib, cancelled=task.cancelled, behind=behind)
    wanted = {member.path for member in examination.files}
    for number, entry in enumerate(entries):
        judge_gap(entry, entries, flow.position, entry.offset)
        member = _member(flow, entry)
        if member.path in wanted:
            writing.write(member, flow.read)  # type: ignore[arg-type]
        else:
            # A folder, or RECORD, which is compared with its checksum like all others.
            for _ in inflated(member, flow.read, zlib):  # type: ignore[arg-type]
                continue
        if has_descriptor(entry):
            following = entries[number + 1].offset if number + 1 < len(entries) else directory
            _pass_descriptor(flow, entry, following - flow.position)
    judge_gap(None, entries, flow.position, directory)
    return writing.manifest


def _member(flow: Flow, entry: Central) -> Member:
    """The member whose local header comes next, compared with the directory."""
    head = flow.take(LOCAL_SIZE)
    names, extras = struct.unpack_from("<2H", head, LOCAL_SIZE - 4)
    head += flow.take(names + extras)
    return read_local(lambda offset, length: head[offset - entry.offset :][:length], entry)


def _pass_descriptor(flow: Flow, entry: Central, length: int) -> None:
    if not 0 < length <= 24:
        raise Unstreamable("a data descriptor of another length")
    start, data = flow.position, flow.take(length)
    found = descriptor_length(lambda offset, count: data[offset - start :][:count], entry, start)
    if found != length:
        raise Unstreamable("something behind a data descriptor")
