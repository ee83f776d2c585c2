"""What the store holds of one wheel."""

from __future__ import annotations

from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file of an unpacked wheel.

    :ivar path: POSIX path inside the wheel, such as ``torch/__init__.py`` or ``x-1.data/scripts/x``.
    :ivar size: bytes; ``sha256`` is urlsafe base64 without padding, as RECORD writes it.
    """

    path: str
    size: int
    sha256: str
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreEntry:
    """One complete, verified, unpacked wheel.

    :ivar sha256: of the wheel file, lower-case hex: the entry's key.
    :ivar root: absolute folder that holds the files under their paths inside the wheel.
    :ivar dist_info: name of the ``.dist-info`` folder inside.
    :ivar purelib: ``Root-Is-Purelib`` of WHEEL.
    :ivar files: in archive order, RECORD itself left out.
    :ivar shareable: owned by the effective user, so files may be linked; else they are copied.
    :ivar warnings: sentences about flaws of the wheel that were no reason to refuse it.
    """

    sha256: str
    root: str
    name: str
    version: str
    dist_info: str
    purelib: bool
    files: tuple[StoredFile, ...]
    shareable: bool = True
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Unpacked bytes."""
        return sum(file.size for file in self.files)
