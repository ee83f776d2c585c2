"""Source archives brought here, each kept under its hash."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from accelinstall.building.cache import BuildCache, file_sha256
from accelinstall.building.errors import ArchiveChanged, OriginUnreadable
from accelinstall.net import HttpError

if TYPE_CHECKING:
    from accelinstall.net import HttpClient


class Archives:
    """Archives by address.

    :param http: opened when the first one has to come over the network.
    :param address: rewrites addresses at fetch time, for mirrors.
    """

    def __init__(self, cache: BuildCache, *, http: Callable[[], HttpClient], address: Callable[[str], str]) -> None:
        self._cache, self._http, self._address = cache, http, address

    def local(self, path: str, *, package: str, where: str = "") -> tuple[str, str]:
        """(path, sha256) of an archive of this machine, which is used where it is.

        :raises OriginUnreadable: when it cannot be read.
        """
        try:
            return path, file_sha256(path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise OriginUnreadable(package=package, source=path, reason=reason, where=where) from error

    def fetch(self, url: str, *, filename: str, sha256: str, package: str, where: str = "") -> tuple[str, str]:
        """(path, sha256) of the archive at *url*.

        :param sha256: the one it must have, by which it is looked for here first; empty = any.
        :raises ArchiveChanged: when it has another.
        :raises OriginUnreadable: when it cannot be fetched.
        """
        kept = self._cache.archive(sha256, filename) if sha256 else ""
        if kept and os.path.isfile(kept):
            return kept, sha256
        try:
            path, found = self._download(url)
        except (HttpError, OSError) as error:
            reason = error.reason if isinstance(error, HttpError) else error.strerror or str(error)
            hint = error.hint if isinstance(error, HttpError) else ""
            raise OriginUnreadable(package=package, source=url, reason=reason, where=where, hint=hint) from error
        if sha256 and found != sha256:
            os.unlink(path)
            raise ArchiveChanged(filename=filename, source=url, expected=sha256, found=found)
        kept = self._cache.archive(found, filename)
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        os.replace(path, kept)
        return kept, found

    def _download(self, url: str) -> tuple[str, str]:
        digest = hashlib.sha256()
        descriptor, path = tempfile.mkstemp(prefix="archive-", dir=self._cache.scratch())
        try:
            with open(descriptor, "wb") as target, self._http().open(self._address(url)) as stream:
                for chunk in stream.chunks():
                    digest.update(chunk)
                    target.write(chunk)
        except BaseException:
            os.unlink(path)
            raise
        return path, digest.hexdigest()
