"""Every reason for which a wheel is refused, each with its own class and code.

``WheelRefused``
    ``NotAnArchive`` ``TrailingData`` ``SeveralEndRecords`` ``HiddenData`` ``OverlappingMembers``
        the ZIP file has no single reading
    ``HeadersDisagree`` ``MemberEncrypted`` ``CompressionUnknown`` ``MemberDamaged`` ``SizeBeyondDeclared``
        a member cannot be read as its headers say
    ``PathAbsolute`` ``PathTraversal`` ``PathBackslash`` ``PathControlCharacter`` ``PathEncoding``
    ``PathTooLong`` ``PathDuplicate`` ``PathConflict`` ``SpecialFile``
        a member would land where it must not
    ``DistInfoMissing`` ``DistInfoAmbiguous`` ``NameMismatch`` ``VersionMismatch`` ``MetadataMissing``
    ``WheelVersionUnsupported`` ``DataSchemeUnknown`` ``ScriptNameUnsafe`` ``ScriptReserved``
        the wheel is not what its file name says, or is newer than this program
    ``RecordMissing`` ``RecordMalformed`` ``RecordIncomplete`` ``RecordHashUnsupported`` ``RecordMismatch``
        RECORD does not describe the files

Source of the rules: the wheel and RECORD specifications of the Python Packaging User Guide, and the archive checks that
PyPI has applied to uploads since 2025, which other indexes do not have to apply.
"""

from __future__ import annotations

from accelinstall.errors import StoreError


class WheelRefused(StoreError):
    """A wheel that must not be unpacked; nothing of it was written.

    :ivar member: path inside the wheel, empty when the file as a whole is meant.
    :ivar wheel: file name; ``source`` the address or path it came from, both filled in by whoever knows them.
    """

    code = "wheel-refused"
    sentence = "it is not a valid wheel"

    def __init__(self, *, member: str = "", expected: object = "", found: object = "") -> None:
        super().__init__("")
        self.member, self.expected, self.found = member, str(expected), str(found)
        self.wheel = self.source = ""

    def of(self, *, wheel: str, source: str) -> WheelRefused:
        """This refusal, saying also which wheel from where."""
        self.wheel, self.source = wheel, source
        return self

    @property
    def message(self) -> str:
        """Wheel, source, member, what is wrong, expected and found."""
        wheel = f"`{self.wheel}`" if self.wheel else "the wheel"
        source = f" from {self.source}" if self.source else ""
        return f"{wheel}{source} is refused: {self.detail}"

    @property
    def detail(self) -> str:
        """The message without wheel and source; printable, on one line."""
        member = f"`{self.member}` " if self.member else ""
        facts = [f"expected {self.expected}"] if self.expected else []
        facts += [f"found {self.found}"] if self.found else []
        tail = f" ({', '.join(facts)})" if facts else ""
        return _printable(f"{member}{self.sentence}{tail}")

    def __str__(self) -> str:
        return self.message

    @property
    def hint(self) -> str:
        """What to do about a wheel that somebody else made."""
        return "choose another version or source of the package, and tell its publisher"


class NotAnArchive(WheelRefused):
    """No readable ZIP directory."""

    code, sentence = "not-an-archive", "it is not a readable ZIP archive"


class TrailingData(WheelRefused):
    """Bytes after the end record."""

    code, sentence = "trailing-data", "there is data after the end of the archive"


class SeveralEndRecords(WheelRefused):
    """Two readers could take two different directories."""

    code, sentence = "several-end-records", "the archive has more than one end record"


class HiddenData(WheelRefused):
    """Bytes that belong to no member and to no header."""

    code, sentence = "hidden-data", "there is data that belongs to no member"


class OverlappingMembers(WheelRefused):
    """Two members share bytes, as in a compact bomb."""

    code, sentence = "overlapping-members", "shares its bytes with another member"


class HeadersDisagree(WheelRefused):
    """The header beside the data is not the one in the directory."""

    code, sentence = "headers-disagree", "has different local and central headers"


class MemberEncrypted(WheelRefused):
    """Encrypted content."""

    code, sentence = "member-encrypted", "is encrypted"


class CompressionUnknown(WheelRefused):
    """Neither stored nor deflated."""

    code, sentence = "compression-unknown", "is compressed by a method that wheels may not use"


class MemberDamaged(WheelRefused):
    """The compressed data is not a deflate stream, ends early, or has another checksum."""

    code, sentence = "member-damaged", "is damaged"


class SizeBeyondDeclared(WheelRefused):
    """More data than the directory says, as in a bomb."""

    code, sentence = "size-beyond-declared", "is larger than it says"


class PathAbsolute(WheelRefused):
    """From the root or from a drive."""

    code, sentence = "path-absolute", "has an absolute path"


class PathTraversal(WheelRefused):
    """``..``, ``.`` or an empty part."""

    code, sentence = "path-traversal", "has a path that leaves or blurs its folder"


class PathBackslash(WheelRefused):
    """A separator on Windows, a letter elsewhere."""

    code, sentence = "path-backslash", "has a backslash in its path"


class PathControlCharacter(WheelRefused):
    """NUL, newline and the like."""

    code, sentence = "path-control-character", "has a control character in its path"


class PathEncoding(WheelRefused):
    """Bytes that are not the encoding they claim."""

    code, sentence = "path-encoding", "has a path that is not valid UTF-8"


class PathTooLong(WheelRefused):
    """More than file systems take: 255 bytes for a name, 1024 for the path."""

    code, sentence = "path-too-long", "has a path that is too long"


class PathDuplicate(WheelRefused):
    """The same place twice on this or on another file system."""

    code, sentence = "path-duplicate", "appears more than once, or differs only in case or Unicode form"


class PathConflict(WheelRefused):
    """A file where another member needs a folder."""

    code, sentence = "path-conflict", "is a file and a folder at once"


class SpecialFile(WheelRefused):
    """A symbolic link, device, socket or pipe."""

    code, sentence = "special-file", "is neither a file nor a folder"


class DistInfoMissing(WheelRefused):
    """No ``.dist-info`` folder."""

    code, sentence = "dist-info-missing", "it has no .dist-info folder"


class DistInfoAmbiguous(WheelRefused):
    """More than one ``.dist-info`` folder."""

    code, sentence = "dist-info-ambiguous", "it has more than one .dist-info folder"


class NameMismatch(WheelRefused):
    """File name, folder, METADATA and lock do not name the same project."""

    code, sentence = "name-mismatch", "names another project"


class VersionMismatch(WheelRefused):
    """File name, folder, METADATA and lock do not name the same version."""

    code, sentence = "version-mismatch", "names another version"


class MetadataMissing(WheelRefused):
    """METADATA or WHEEL is missing or lacks a field that is mandatory."""

    code, sentence = "metadata-missing", "is missing or incomplete"


class WheelVersionUnsupported(WheelRefused):
    """A higher major ``Wheel-Version`` than this program knows."""

    code, sentence = "wheel-version-unsupported", "follows a newer wheel format than this program knows"

    @property
    def hint(self) -> str:
        """The format may be known to a newer release."""
        return "upgrade accelinstall, or choose another version of the package"


class DataSchemeUnknown(WheelRefused):
    """A folder below ``.data`` that is no installation scheme."""

    code, sentence = "data-scheme-unknown", "belongs to an unknown installation scheme"


class ScriptNameUnsafe(WheelRefused):
    """A command whose name is a path, or no name."""

    code, sentence = "script-name-unsafe", "declares a command that would leave the scripts folder"


class ScriptReserved(WheelRefused):
    """A command named like what the environment itself is run and entered by."""

    code, sentence = "script-reserved", "would replace the environment's own interpreter or activation"


class RecordMissing(WheelRefused):
    """No RECORD."""

    code, sentence = "record-missing", "it has no RECORD"


class RecordMalformed(WheelRefused):
    """RECORD is not what the specification says."""

    code, sentence = "record-malformed", "has a row that cannot be read"


class RecordIncomplete(WheelRefused):
    """A file without row or hash, or a row without file."""

    code, sentence = "record-incomplete", "is not covered by RECORD"


class RecordHashUnsupported(WheelRefused):
    """A hash weaker than sha256, or unknown."""

    code, sentence = "record-hash-unsupported", "is recorded with a hash that is not accepted"


class RecordMismatch(WheelRefused):
    """The content is not what RECORD says."""

    code, sentence = "record-mismatch", "is not what RECORD says"


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]
