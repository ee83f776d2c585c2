"""What a package index or find-links place can do wrong; all are :class:`~accelinstall.errors.SourceError`.

``SourceUnreachable``      the source cannot be read at all
    ``SourceRefusesLogin`` it wants a login, or another one
``PageMalformed``          its page is not what the standard describes
    ``PageTooNew``         its page follows a newer major version of the standard
``MetadataUnreadable``     a file's metadata cannot be read or contradicts the file
    ``MetadataChanged``    a ``.metadata`` file has not the hash the page promised
    ``MetadataNeedsBuild`` only building the source archive would tell its metadata
``VariantsUnreadable``     a release's ``variants.json`` is not what PEP 825 describes
``PipConfigurationInvalid``  a pip configuration file cannot be parsed
"""

from __future__ import annotations

from accelinstall.errors import SourceError

_ASK_THE_INDEX = "open the address to see what answers there; an index is named by the address that ends in /simple/"
_ANOTHER_FILE = "choose another version or source of the package, and tell whoever runs the index"


class SourceUnreachable(SourceError):
    """A source cannot be read at all.

    :ivar source: its name, empty for a file named by its address alone.
    :ivar url: what was asked, without login; *reason* one factual clause.
    """

    code = "source-unreachable"

    def __init__(self, *, source: str, url: str, reason: str, hint: str = "") -> None:
        # A requirement may name a file by its address, without any source.
        subject = f"source `{source}` cannot be read: {url}" if source else f"{url} cannot be read"
        super().__init__(f"{subject}: {reason}", hint=hint or "check the address and the network")
        self.source, self.url, self.reason = source, url, reason


class SourceRefusesLogin(SourceUnreachable):
    """A source wants a login, or another one (401, 403)."""

    code = "source-refuses-login"


class PageMalformed(SourceError):
    """A page is not what the standard describes."""

    code = "page-malformed"

    def __init__(self, *, source: str, url: str, reason: str, hint: str = "") -> None:
        super().__init__(f"source `{source}` answers nonsense at {url}: {reason}", hint=hint or _ASK_THE_INDEX)
        self.source, self.url, self.reason = source, url, reason


class PageTooNew(PageMalformed):
    """A page follows a newer major version of the simple API than this program knows."""

    code = "page-too-new"

    def __init__(self, *, source: str, url: str, version: str) -> None:
        reason = f"it follows version {version} of the simple API, and only version 1 is known"
        super().__init__(source=source, url=url, reason=reason, hint="upgrade accelinstall")
        self.version = version


class MetadataUnreadable(SourceError):
    """A file's metadata cannot be read, or contradicts the file."""

    code = "metadata-unreadable"

    def __init__(self, *, filename: str, url: str, reason: str, hint: str = "") -> None:
        super().__init__(f"the metadata of `{filename}` cannot be used: {reason}", hint=hint or _ANOTHER_FILE)
        self.filename, self.url, self.reason = filename, url, reason


class MetadataChanged(MetadataUnreadable):
    """A ``.metadata`` file has not the hash that the page promised."""

    code = "metadata-changed"


class MetadataNeedsBuild(MetadataUnreadable):
    """Only building the source archive would tell its metadata."""

    code = "metadata-needs-build"


class VariantsUnreadable(SourceError):
    """A release's ``variants.json`` is not what PEP 825 describes, or not what its page promised."""

    code = "variants-unreadable"

    def __init__(self, *, url: str, reason: str) -> None:
        super().__init__(f"{url} cannot be used: {reason}", hint="leave out --experimental-variants")
        self.url, self.reason = url, reason


class PipConfigurationInvalid(SourceError):
    """A pip configuration file cannot be parsed.

    :ivar path: the file; *line* from 1, 0 when unknown.
    """

    code = "pip-configuration-invalid"

    def __init__(self, *, path: str, line: int, reason: str) -> None:
        place = f"{path}:{line}" if line else path
        super().__init__(f"{place}: {reason}", hint="correct the line, or see `pip config debug`")
        self.path, self.line, self.reason = path, line, reason
