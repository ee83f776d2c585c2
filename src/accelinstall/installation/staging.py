"""The new files, laid out in full beside the environment before anything in it changes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from accelinstall import fs
from accelinstall.apart import keep_apart
from accelinstall.installation.errors import from_os_error
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """The folder that mirrors the environment's anchors.

    :ivar root: absolute; *anchors* are the folders it mirrors, by position.
    """

    root: str
    anchors: tuple[str, ...]

    def path(self, target: str) -> str:
        """Where the file that will be *target* stands until the commit."""
        for number, anchor in enumerate(self.anchors):
            if target.startswith(anchor) and target[len(anchor) : len(anchor) + 1] == "/":
                return f"{self.root}/{number}{target[len(anchor) :]}"
        raise ValueError(f"{target} is outside {self.anchors}")

    def paths(self, targets: Collection[str]) -> list[str]:
        """:meth:`path` of each; quicker for thousands, nearly all of which are below the first anchor."""
        inside, root = f"{self.anchors[0]}/", f"{self.root}/0/"
        cut = len(inside)
        return [root + target[cut:] if target.startswith(inside) else self.path(target) for target in targets]

    def make_folders(self, targets: Iterable[str]) -> None:
        """Make every folder that files for *targets* need, each once.

        :raises InstallationError: when the file system refuses.
        """
        folders = {target.rpartition("/")[0] for target in targets}
        wanted = {f"{self.root}/{number}" for number in range(len(self.anchors))}
        wanted.update(self.path(folder) for folder in folders if folder not in self.anchors)
        needed = set()
        for path in wanted:
            while path not in needed and path != self.root:
                needed.add(path)
                path = path.rpartition("/")[0]
        try:
            os.makedirs(self.root, exist_ok=True)
            # What these folders replace may just have been removed beside them.
            keep_apart(self.root)
            # A folder sorts before what is in it.
            for path in sorted(needed):
                os.mkdir(path)
        except OSError as error:
            raise from_os_error(error, path=self.root) from error

    def write(self, target: str, content: bytes, *, executable: bool = False) -> None:
        """Put a new file in place of *target*; never over a staged one, which may be the store's own.

        :raises InstallationError: when the file system refuses.
        """
        path = self.path(target)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags, 0o777 if executable else 0o666)
            try:
                fs.write_all(descriptor, content)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise from_os_error(error, path=os.path.dirname(target)) from error


def discard(stage: Stage) -> None:
    """Remove what was staged; what cannot be removed is left for the next run."""
    try:
        fs.remove_tree(stage.root)
    except OSError:
        return
