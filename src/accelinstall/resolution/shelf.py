"""What one tier offers of one name, version by version, judged for the target."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from packaging.version import Version

from accelinstall.model.index import IndexFile
from accelinstall.resolution.places import Place
from accelinstall.resolution.standards import Range, Wheels, build_number, parse_range, parse_version
from accelinstall.resolution.variants import VariantJudge
from accelinstall.values import dataclass

# How far a file came before it was refused: the reason of the file that came farthest speaks for its version.
_PROGRESS = (
    "address",
    "needs-build",
    "backend",
    "wheel-tags",
    "requires-python",
    "hash-not-listed",
    "uploaded-later",
    "upload-time-unknown",
    "variant",
)
WORDS = {
    "address": "at addresses that cannot be fetched from",
    "needs-build": "no wheel fits, only a source distribution that would have to be built",
    "backend": "another build",
    "wheel-tags": "no wheel for this Python and platform",
    "requires-python": "made for other Python versions",
    "hash-not-listed": "none of the files whose hashes the requirement lists",
    "uploaded-later": "uploaded later than allowed",
    "upload-time-unknown": "of unknown upload time",
    "variant": "no variant for this machine",
    "yanked": "yanked",
    "prerelease": "a pre-release",
}
"""Refusal code -> what is said of the versions it concerns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why no file of a version is taken.

    :ivar code: a key of :data:`WORDS`.
    :ivar detail: the numbers (``>=3.12``, ``is the cpu build, not cu130``); may be empty.
    """

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """The best file of one version, or why there is none.

    :ivar yanked: the reason when every file that fits is yanked, else ``None``.
    """

    version: Version
    file: IndexFile | None = None
    place: Place | None = None
    refusal: Refusal | None = None
    yanked: str | None = None


class FileJudge:
    """Whether a file can be used on the target, and how well; remembers nothing of requirements.

    :ivar python: full version packages are for.
    :ivar until: files uploaded at this moment or later do not exist; ``None`` = no limit.
    :ivar variants: judges wheel variants; ``None`` where nobody offers any.
    :ivar hashes: canonical name -> the sha256 texts one of which its file must have; names without an entry are free.
    :ivar builds: whether a source archive will do where no wheel of its version fits.
    """

    def __init__(
        self,
        *,
        wheels: Wheels,
        python: Version,
        until: datetime | None = None,
        variants: VariantJudge | None = None,
        hashes: Mapping[str, Collection[str]] | None = None,
        builds: bool = False,
    ) -> None:
        self._wheels, self.python, self._until, self._variants = wheels, python, until, variants
        self._hashes = hashes or {}
        self._builds = builds

    def accepts_python(self, requires_python: str) -> bool:
        """Whether the target's Python is inside; an unreadable text refuses nothing, as in pip."""
        allowed: Range | None = parse_range(requires_python) if requires_python else None
        return allowed is None or allowed.contains(self.python)

    def refuse(self, file: IndexFile, place: Place, version: Version) -> Refusal | None:
        """The first reason against *file*; ``None`` when it can be used."""
        if not file.is_wheel and not self._may_build(place) and self.accepts_python(file.requires_python):
            return Refusal(code="needs-build")
        if file.is_wheel and (reason := place.refuse(version)):
            return Refusal(code="backend", detail=reason)
        if file.is_wheel and self._wheels.rank(file.tagged_name) is None:
            return Refusal(code="wheel-tags")
        if not self.accepts_python(file.requires_python):
            return Refusal(code="requires-python", detail=file.requires_python)
        # A file whose index names no hash may be one of those listed; what it really is shows when it is chosen.
        if file.sha256 and file.name in self._hashes and file.sha256 not in self._hashes[file.name]:
            return Refusal(code="hash-not-listed")
        if self._until is not None and not place.is_find_links and (late := self._refuse_time(file.upload_time)):
            return late
        # Last, for it may cost a request.
        unfit = self._variants.refuse(file) if self._variants else None
        return None if unfit is None else Refusal(code="variant", detail=unfit)

    def _may_build(self, place: Place) -> bool:
        """Whether archives of *place* are candidates: of what varies with hardware only the builds made for it are."""
        return self._builds and place.admission is None and not place.only_label

    def _refuse_time(self, text: str) -> Refusal | None:
        uploaded = parse_time(text)
        if uploaded is None:
            return Refusal(code="upload-time-unknown")
        return Refusal(code="uploaded-later", detail=text) if self._until and uploaded >= self._until else None

    def best(self, rows: Sequence[tuple[int, Place, IndexFile]]) -> tuple[int, Place, IndexFile]:
        """The best of (position of its place, place, usable file) rows of one version.

        Wheels before archives, then variant, tag, build number, order of places.
        """
        rows = [row for row in rows if row[2].is_wheel] or rows
        if self._variants is not None:
            ranks = [self._variants.rank(file) for _, _, file in rows]
            least = min(ranks)
            rows = [row for row, rank in zip(rows, ranks, strict=True) if rank == least]
        return max(rows, key=lambda row: self._quality(row[2], row[0]))

    def _quality(self, file: IndexFile, position: int) -> tuple[bool, int, int, str, int, str, str]:
        rank = self._wheels.rank(file.tagged_name) or 0
        is_listed = file.sha256 in self._hashes.get(file.name, ())
        return (is_listed, -rank, *build_number(file.tagged_name), -position, file.filename, file.url)


class Shelf:
    """The versions of one name in one tier, newest first; files are judged when their version is looked at.

    :ivar versions: every version any file has, newest first.
    :ivar looked_at: versions whose files somebody has looked at.
    :ivar is_known: some index has the name; find-links alone do not count.
    """

    def __init__(self, stock: Iterable[tuple[Place, Mapping[str, Sequence[IndexFile]]]], judge: FileJudge) -> None:
        self._judge = judge
        # Pages hold up to ten thousand files and a handful is ever looked at: only version texts are touched here.
        self._rows = list(stock)
        self._texts: dict[Version, list[str]] = {}
        for text in dict.fromkeys(text for _, by_text in self._rows for text in by_text):
            version = parse_version(text)
            if version is not None:
                self._texts.setdefault(version, []).append(text)
        self.versions: tuple[Version, ...] = tuple(sorted(self._texts, reverse=True))
        self.is_known = any(by_text and not place.is_find_links for place, by_text in self._rows)
        self._offers: dict[Version, Offer] = {}
        self.looked_at: set[Version] = set()

    def __contains__(self, version: Version) -> bool:
        return version in self._texts

    def offer(self, version: Version) -> Offer:
        """The best file of *version*, or the reason against the one that came farthest."""
        self.looked_at.add(version)
        offer = self._offers.get(version)
        if offer is None:
            offer = self._offers[version] = self._judged(version)
        return offer

    def is_judged(self, version: Version) -> bool:
        """Whether somebody has looked at the files of *version*."""
        return version in self.looked_at

    def machines(self, version: Version) -> tuple[str, ...]:
        """What the wheels of *version* are for, such as ``cp313-win_amd64``; sorted."""
        names = (
            file.tagged_name.removesuffix(".whl").split("-") for *_, file in self._files_of(version) if file.is_wheel
        )
        return tuple(sorted({f"{python}-{platform.partition('.')[0]}" for *_, python, _, platform in names}))

    def _judged(self, version: Version) -> Offer:
        usable: list[tuple[int, Place, IndexFile]] = []
        refusals: list[Refusal] = []
        for position, place, file in self._files_of(version):
            refusal = self._judge.refuse(file, place, version)
            if refusal is None:
                usable.append((position, place, file))
            else:
                refusals.append(refusal)
        if not usable:
            return Offer(version, refusal=_farthest(refusals))
        standing = [row for row in usable if row[2].yanked is None]
        _, place, file = self._judge.best(standing or usable)
        return Offer(version, file=file, place=place, yanked=None if standing else file.yanked)

    def _files_of(self, version: Version) -> Iterator[tuple[int, Place, IndexFile]]:
        for position, (place, by_text) in enumerate(self._rows):
            for text in self._texts[version]:
                for file in by_text.get(text, ()):
                    yield position, place, file


def _farthest(refusals: Sequence[Refusal]) -> Refusal:
    if not refusals:
        return Refusal(code="address")
    best = max(refusals, key=lambda refusal: (_PROGRESS.index(refusal.code), refusal.detail))
    has_sdist = any(refusal.code == "needs-build" for refusal in refusals)
    # Wheels for other machines beside a source distribution: building it is what would help.
    return Refusal(code="needs-build") if best.code == "wheel-tags" and has_sdist else best


def parse_time(text: str) -> datetime | None:
    """The moment an ISO 8601 *text* names, UTC unless it says otherwise; ``None`` when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
