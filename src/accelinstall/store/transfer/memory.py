"""A small wheel fetched into memory, so that nothing of it is written but its files."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

from accelinstall import fs
from accelinstall.errors import SourceError
from accelinstall.events import FileAdvanced, FileFinished, FileStarted
from accelinstall.store.crew import Cancelled
from accelinstall.store.transfer.wide import CHUNK

if TYPE_CHECKING:
    from accelinstall.store.transfer.download import Download

# Seconds; what comes more slowly is kept for a next run, in case this one is killed.
_PATIENCE = 1.0


def fetch_whole(task: Download, arrived: list[bytes]) -> bytes | None:
    """The locked file; ``None`` when the first answer did not bring it.

    :param arrived: empty; holds what came so far, for whoever gives this thread up while a server stalls.
    What came of it lies in ``task.partial`` then, and also when this raises: whoever fetches to the disk goes on there.

    :raises SourceError: when the server cannot be asked at all.
    :raises Cancelled: when somebody asked for it.
    """
    size, name = task.package.size, task.package.filename
    began, keeper, count = time.monotonic(), None, 0
    task.progress(FileStarted(name=name, size=size))
    with task.http.open(task.address) as stream:
        if size is None or stream.start or stream.total not in (None, size):
            return None
        task.make_room(size)
        try:
            for piece in stream.chunks(CHUNK):
                if task.cancelled():
                    raise Cancelled
                arrived.append(piece)
                count += len(piece)
                task.progress(FileAdvanced(name=name, amount=len(piece)))
                if keeper is not None:
                    fs.write_all(keeper, piece)
                elif time.monotonic() - began > _PATIENCE:
                    keeper = os.open(task.partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
                    fs.write_all(keeper, b"".join(arrived))
                if count > size:
                    break
        except SourceError:
            _leave(task, arrived)
            return None
        except BaseException:
            _leave(task, arrived)
            raise
        finally:
            if keeper is not None:
                os.close(keeper)
    content = b"".join(arrived)
    if hashlib.sha256(content).hexdigest() != task.package.sha256:
        _leave(task, arrived)
        return None
    if keeper is not None and not task.cancelled():
        os.unlink(task.partial)
    task.progress(FileFinished(name=name))
    return content


def _leave(task: Download, arrived: list[bytes]) -> None:
    content = b"".join(arrived)
    if content:
        fs.write_atomic(task.partial, content)
    task.progress(FileAdvanced(name=task.package.filename, amount=-len(content)))
