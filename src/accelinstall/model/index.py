"""What package indexes offer."""

from __future__ import annotations

from accelinstall.model.origin import Origin
from accelinstall.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """One file an index or a find-links folder offers.

    :ivar name: canonical project name; ``version`` PEP 440 text as in the file name.
    :ivar url: absolute, ``https://``, ``http://`` or ``file://``; credentials stripped.
    :ivar source: name of the source it came from (``default``, ``pytorch-cpu``, ``find-links``, ``index-url``...).
    :ivar sha256: lower-case hex, empty when the index has none.
    :ivar size: bytes, ``None`` when the index does not say.
    :ivar yanked: the reason (possibly empty) when yanked, else ``None``.
    :ivar upload_time: ISO 8601, empty when unknown.
    :ivar metadata_sha256: ``None`` = no ``.metadata`` file beside it; empty = there is one without a hash.
    """

    filename: str
    url: str
    name: str
    version: str
    source: str
    is_wheel: bool
    sha256: str = ""
    size: int | None = None
    requires_python: str = ""
    yanked: str | None = None
    upload_time: str = ""
    metadata_sha256: str | None = None

    @property
    def tagged_name(self) -> str:
        """The file name that build number and tags are read from: without a variant's label."""
        return self.filename


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStatus:
    """What an index says of a whole project (the standard's *project status markers*).

    :ivar marker: ``archived``, ``deprecated``, ``quarantined``, or whatever else the index says; ``active`` projects
        have no such value.
    :ivar reason: as written, may be empty.
    """

    marker: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantWheel(IndexFile):
    """A wheel with a variant label in its name (PEP 825).

    :ivar label: such as ``cu130`` or ``null``.
    :ivar tagged: the file name without it.
    :ivar properties_url: address of the release's ``variants.json``, empty when its page links none.
    :ivar properties_sha256: of that file, as the page says; empty when it does not.
    """

    label: str
    tagged: str
    properties_url: str = ""
    properties_sha256: str = ""

    @property
    def tagged_name(self) -> str:
        """The file name without the label."""
        return self.tagged


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree(IndexFile):
    """An archive, a folder or a commit that a requirement names itself; its version is known from its metadata.

    :ivar url: as the requirement spells it.
    """

    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreMetadata:
    """The fields of METADATA that resolving needs.

    :ivar requires_dist: PEP 508 texts as written.
    :ivar provides_extra: canonical extra names.
    :ivar wheel_size: bytes of the wheel, when reading the metadata out of it told; ``None`` otherwise.
    """

    name: str
    version: str
    requires_dist: tuple[str, ...] = ()
    requires_python: str = ""
    provides_extra: tuple[str, ...] = ()
    wheel_size: int | None = None
