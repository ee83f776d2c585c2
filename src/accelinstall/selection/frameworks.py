"""What the wishes for frameworks besides torch come to: for each package the ways to answer it, best first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from accelinstall.catalog import Framework, FrameworkBuild, Numbers, Retired, framework_of, numbers_of
from accelinstall.model.selection import Choice, Verdict, Wish
from accelinstall.selection.builds import Judged, Site, judge_build
from accelinstall.selection.demand import PIN, contains
from accelinstall.values import dataclass

_PRERELEASE = re.compile(r"(a|b|rc|dev)\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything that is wished of one package, by however many groups.

    :ivar text: as a requirement, for messages and edits.
    """

    framework: Framework
    name: str
    extras: tuple[str, ...]
    specifiers: tuple[str, ...]
    wishes: tuple[Wish, ...]

    @property
    def text(self) -> str:
        """It as a requirement, with its extras."""
        return requirement(self.name, self.extras, ",".join(self.specifiers))

    @property
    def pinned(self) -> str:
        """The release that an ``==`` fixes; empty when none does."""
        return next((match[1] for text in self.specifiers if (match := PIN.fullmatch(text))), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to answer: one backend, with every release of it that fits, newest first.

    :ivar releases: empty = whatever its index has.
    :ivar open_ended: releases newer than the catalog are welcome.
    :ivar series: of the newest release, as numbers.
    """

    asked: Asked
    build: FrameworkBuild
    releases: tuple[str, ...]
    served: tuple[bool, ...]
    idle: bool
    open_ended: bool

    @property
    def backend(self) -> str:
        """The slug it computes with here."""
        return "cpu" if self.idle else self.build.backend

    @property
    def major(self) -> int:
        """The CUDA major whose libraries it brings; 0 for none."""
        cuda = self.build.environment == "cuda" and self.build.version
        return self.build.version[0] if cuda else 0

    @property
    def wheel_bytes(self) -> int:
        """Of the framework's own wheel, as the catalog knows it."""
        return self.build.wheel_bytes

    @property
    def library_bytes(self) -> int:
        """Of the vendor's libraries, where they are asked for."""
        wanted = not self.build.library_extras or set(self.build.library_extras) & set(self.asked.extras)
        return self.build.library_bytes if wanted else 0

    def choice(self, torch_backend: str) -> Choice:
        """What the candidate says of the package; *torch_backend* for those that follow torch."""
        return Choice(
            package=self.asked.name,
            backend=torch_backend if self.build.environment is None else self.backend,
            versions=() if self.open_ended else self.releases,
            default_index_versions=() if self.build.url else self.releases,
            source=self.build.source,
            source_url=self.build.url,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The ways to answer one package, best first, and every verdict.

    :ivar retired: the row that says nobody should ask for it any more.
    :ivar unknown: the catalog knows no release that was asked for, so it has no opinion.
    :ivar beyond: the pinned release is newer than the catalog and was judged by its series.
    """

    asked: Asked
    options: tuple[Option, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    retired: Retired | None = None
    unknown: bool = False
    beyond: bool = False


def asked_of(wishes: Sequence[Wish], site: Site) -> tuple[Asked, ...]:
    """The packages of frameworks besides torch among *wishes*, in their order.

    What the project binds to a source of its own is its own business: the catalog does not know those wheels.
    """
    found: dict[str, list[Wish]] = {}
    for wish in wishes:
        if not wish.source_url:
            found.setdefault(wish.name, []).append(wish)
    asked = []
    for name, mine in found.items():
        framework = framework_of(name, site.catalog)
        if framework is not None:
            specifiers = dict.fromkeys(wish.specifier.strip() for wish in mine if wish.specifier.strip())
            extras = dict.fromkeys(extra for wish in mine for extra in wish.extras)
            asked.append(
                Asked(
                    framework=framework,
                    name=name,
                    extras=tuple(sorted(extras)),
                    specifiers=tuple(specifiers),
                    wishes=tuple(mine),
                )
            )
    return tuple(asked)


def answer(asked: Asked, site: Site) -> Answer:
    """Every build that *asked* may mean, judged and ordered."""
    retired = next((row for row in asked.framework.retired if row.package == asked.name), None)
    if retired is not None and retired.refuse:
        reason = f"{retired.reason}; write `{retired.instead}`"
        verdict = Verdict(package=asked.name, version="", backend="", accepted=False, code="retired", reason=reason)
        return Answer(asked=asked, verdicts=(verdict,), retired=retired)
    builds = builds_meant(asked)
    known = any(_fits(asked, release) for build in builds for release in build.releases)
    beyond = not known and bool(asked.pinned) and any(_same_series(build, asked.pinned) for build in builds)
    if not builds or not (known or beyond or any(not build.releases for build in builds)):
        return Answer(asked=asked, retired=retired, unknown=True)
    judged = tuple(_judgements(asked, builds, site, beyond=beyond))
    return Answer(
        asked=asked,
        options=_options(asked, judged, site),
        verdicts=tuple(row.verdict for row in judged),
        retired=retired,
        beyond=beyond,
    )


def builds_meant(asked: Asked) -> tuple[FrameworkBuild, ...]:
    """The rows that the package with its extras means: an extra that names a build decides, else those without any."""
    mine = [build for build in asked.framework.builds if build.package == asked.name]
    deciding = {extra for build in mine for extra in build.extras} & set(asked.extras)
    return tuple(build for build in mine if (deciding & set(build.extras) if deciding else not build.extras))


def requirement(name: str, extras: Iterable[str], specifier: str) -> str:
    """``tensorflow[and-cuda]>=2.20``."""
    inside = ",".join(extras)
    return f"{name}[{inside}]{specifier}" if inside else f"{name}{specifier}"


def _judgements(asked: Asked, builds: Sequence[FrameworkBuild], site: Site, *, beyond: bool) -> Iterator[Judged]:
    early = any(_PRERELEASE.search(text) for text in asked.specifiers)
    for build in builds:
        releases: Iterable[str] = build.releases
        if beyond:
            releases = [asked.pinned] if _same_series(build, asked.pinned) else []
        for release in releases:
            if early or not _PRERELEASE.search(release):
                excluded = "" if _fits(asked, release) else f"`{asked.text}` excludes it"
                yield judge_build(build, release, site, extras=asked.extras, excluded=excluded)
        if not build.releases:
            yield judge_build(build, "", site, extras=asked.extras)


def _options(asked: Asked, judged: Sequence[Judged], site: Site) -> tuple[Option, ...]:
    groups: dict[tuple[str, str], list[Judged]] = {}
    for row in judged:
        if row.verdict.accepted:
            groups.setdefault((row.build.backend, row.build.url), []).append(row)
    options = [_option(asked, rows, judged) for rows in groups.values()]

    def order(option: Option) -> tuple[bool, bool, tuple[bool, ...], Numbers, Numbers]:
        at_home = option.build.environment == site.environment
        return not option.idle, at_home, option.served, _numbers(option.releases), option.build.version

    return tuple(sorted(options, key=order, reverse=True))


def _option(asked: Asked, rows: list[Judged], judged: Sequence[Judged]) -> Option:
    served = max(row.served for row in rows)
    best = sorted((row for row in rows if row.served == served), key=lambda row: numbers_of(row.release), reverse=True)
    build = best[0].build
    newest = max(
        (row.release for row in judged if row.build.package == build.package and row.build.backend == build.backend),
        key=numbers_of,
    )
    # On the CPU no driver and no architecture can stand against a release that the catalog does not know yet.
    settled = build.environment in {None, "cpu"} or best[0].idle
    return Option(
        asked=asked,
        build=build,
        releases=tuple(row.release for row in best if row.release),
        served=served,
        idle=best[0].idle,
        open_ended=settled and best[0].release == newest,
    )


def _numbers(releases: Sequence[str]) -> Numbers:
    return numbers_of(releases[0]) if releases else ()


def _fits(asked: Asked, release: str) -> bool:
    return all(contains(text, release) for text in asked.specifiers)


def _same_series(build: FrameworkBuild, version: str) -> bool:
    return any(numbers_of(release)[:2] == numbers_of(version)[:2] for release in build.releases)
