"""What the user should know of the frameworks besides torch, and the error when one cannot be answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accelinstall.catalog import numbers_of
from accelinstall.model.finding import Finding
from accelinstall.model.selection import Verdict
from accelinstall.selection.builds import Site, judge_build
from accelinstall.selection.frameworks import Answer, Asked, Option, requirement
from accelinstall.selection.refusals import NoBuildFits
from accelinstall.selection.rules import label
from accelinstall.selection.together import Combination

_NEAREST = (
    "retired",
    "cpu-flags-missing",
    "known-broken",
    "driver-too-old",
    "ptx-not-compilable",
    "driver-unknown",
    "python-unsupported",
    "jetpack-unsupported",
    "libc-too-old",
    "macos-too-old",
    "architecture-not-compiled",
    "libc-unsupported",
    "platform-unsupported",
)
_GIGABYTE = 1_000_000_000


def refuse_framework(answer: Answer, site: Site, verdicts: Sequence[Verdict]) -> NoBuildFits:
    """The error for a package of which every build was rejected: the nearest miss and the exact edit."""
    asked = answer.asked
    mine = [row for row in answer.verdicts if row.code in _NEAREST]
    newest = [row for row in mine if row.version == mine[0].version]
    nearest = min(newest, key=lambda row: _NEAREST.index(row.code))
    build = " ".join(filter(None, (nearest.package, nearest.version)))
    with_backend = f" with {nearest.backend}" if nearest.backend else ""
    return NoBuildFits(
        f"no build satisfies `{asked.text}` on this machine; the nearest is {build}{with_backend}: {nearest.reason}",
        hint=_hint(answer, nearest, site),
        verdicts=verdicts,
    )


def framework_findings(answers: Sequence[Answer], best: Combination, site: Site) -> Iterator[Finding]:
    """Warnings and notes on what was chosen."""
    at_home = {option.asked.framework.name for option in best.options if option.build.environment == site.environment}
    for option in best.options:
        yield from _unused(option, site)
        if option.asked.framework.name not in at_home:
            yield from _left_on_cpu(option, site)
        yield from _libraries(option, best)
    for answer in answers:
        yield from _unsure(answer, site)
    yield from _mixed(answers, site)


def shared_finding(best: Combination, others: Sequence[Combination]) -> Iterator[Finding]:
    """A word on two CUDA stacks, and what ``--prefer shared`` would take instead."""
    if len(best.majors) < 2:
        return
    size = _size(best)
    message = f"{_named(best)} bring {len(best.majors)} CUDA stacks{', ' + size + ' together' if size else ''}"
    alike = [item for item in others if len(item.majors) < len(best.majors) and item.served == best.served]
    other = min(alike, key=lambda item: (len(item.majors), sum(item.ranks)), default=None)
    hint = ""
    if other is not None:
        hint = f"--prefer shared would take {_named(other)}" + (f", {_size(other)}" if _size(other) else "")
    yield Finding(id="two-cuda-stacks", level="info", message=message, hint=hint)


# -- what was chosen --------------------------------------------------------------------------------------------------


def _unused(option: Option, site: Site) -> Iterator[Finding]:
    """CUDA libraries that nothing here uses."""
    asked, build = option.asked, option.build
    plain = best_edit(asked, site, environment="cpu")
    spare = build.extras and build.environment != "cpu"
    if option.idle:
        what = f"the extra of `{asked.text}`" if spare else f"`{asked.name}`"
        use = "cannot be used" if build.needs_device else "computes on the CPU"
        yield Finding(
            id="package-without-device",
            level="warning",
            message=f"{what} is for {build.toolkit}, and this machine's environment is {site.environment}: it {use}",
            hint=f"write `{plain}` where there is no such device" if plain else "",
        )
    elif build.extras and build.environment == "cpu" and plain and build.note:
        yield Finding(
            id="extra-without-use",
            level="warning",
            message=f"`{asked.text}` on {site.machine.platform}: {build.note}",
            hint=f"write `{plain}`",
        )


def _left_on_cpu(option: Option, site: Site) -> Iterator[Finding]:
    """The trap of a plain name on a machine with a GPU."""
    asked = option.asked
    if option.build.environment != "cpu" or option.build.extras or not site.machine.devices:
        return
    if asked.name.endswith("-cpu") or option.backend != "cpu":
        return
    edit = best_edit(asked, site, environment=site.environment)
    if edit:
        names = ", ".join(dict.fromkeys(map(label, site.machine.devices)))
        yield Finding(
            id="cpu-build-on-gpu",
            level="warning",
            message=f"`{asked.text}` alone brings no GPU libraries, so {asked.name} computes on the CPU and leaves "
            f"{names} unused",
            hint=f"write `{edit}`",
        )


def _libraries(option: Option, best: Combination) -> Iterator[Finding]:
    """A GPU package that counts on libraries nobody brings."""
    build = option.build
    if option.idle or not build.library_extras or set(build.library_extras) & set(option.asked.extras):
        return
    others = {item.major for item in best.options if item is not option and item.library_bytes}
    torch = best.ranked.backend.version if best.ranked and best.needs_torch else ()
    if option.major in others or option.major in torch[:1]:
        return
    edit = requirement(option.asked.name, build.library_extras, ",".join(option.asked.specifiers))
    yield Finding(
        id="libraries-not-included",
        level="info",
        message=f"{option.asked.name} needs the libraries of {build.toolkit} and cuDNN, and nothing here brings them",
        hint=f"write `{edit}`",
    )


def _unsure(answer: Answer, site: Site) -> Iterator[Finding]:
    asked = answer.asked
    if answer.retired is not None:
        message = f"`{asked.name}` is not maintained: {answer.retired.reason}"
        yield Finding(id="package-retired", level="warning", message=message, hint=f"write `{answer.retired.instead}`")
    elif answer.unknown or answer.beyond:
        how = "it is judged by its series" if answer.beyond else "whether it fits the hardware is not known"
        message = f"no release that `{asked.text}` allows is in the catalog of {site.catalog.serial}; {how}"
        yield Finding(id="release-newer-than-catalog", level="info", message=message)


def _mixed(answers: Sequence[Answer], site: Site) -> Iterator[Finding]:
    """Members of one exclusive family."""
    for family in site.catalog.families:
        names = [answer.asked.name for answer in answers if answer.asked.name in family]
        if family.exclusive and len(names) > 1:
            listed = " and ".join(f"`{name}`" for name in names)
            yield Finding(
                id="family-mixed",
                level="warning",
                message=f"{listed} write the same folder `{family.folder}`: whichever comes last overwrites the other",
                hint=f"keep one of them for {site.environment}",
            )


# -- edits ------------------------------------------------------------------------------------------------------------


def _hint(answer: Answer, nearest: Verdict, site: Site) -> str:
    asked = answer.asked
    if answer.retired is not None:
        return f"write `{answer.retired.instead}`"
    if site.machine.rosetta:
        return "use an arm64 Python, such as `uv python install cpython-3.12-macos-aarch64`"
    if nearest.code == "cpu-flags-missing":
        return "use a machine whose processor has AVX (any since 2011-2013), or a build from source"
    if site.machine.musl:
        return "use an image with glibc, such as python:3.12-slim"
    edit = best_edit(asked, site, environment=site.environment) or best_edit(asked, site, environment="cpu")
    if edit and edit != asked.text:
        return f"write `{edit}`"
    if nearest.code == "driver-too-old":
        return f"driver {nearest.needed} or newer would allow {nearest.package} {nearest.version}"
    if nearest.code == "python-unsupported":
        return f"use one of Python {nearest.needed}"
    return ""


def best_edit(asked: Asked, site: Site, *, environment: str) -> str:
    """The requirement of the same framework that would compute on *environment*; empty when there is none.

    The specifier is kept where it admits the release that fits, else one is named.
    """
    best: tuple[tuple[object, ...], str] = ((), "")
    for build in asked.framework.builds:
        # An extra that computes on the CPU all the same brings nothing.
        useless = environment == "cpu" and build.extras
        if build.environment != environment or build.broken or build.beside or useless:
            continue
        if asked.framework.name == "packages" and not _same_family(asked.name, build.package, site):
            continue
        accepted = (release for release in build.releases if judge_build(build, release, site).verdict.accepted)
        release = next(accepted, "")
        if not release:
            continue
        same = build.package == asked.name
        keeps = not asked.specifiers or _admits(asked, release)
        extras = build.extras[:1] or build.library_extras
        specifier = ",".join(asked.specifiers) if keeps else f"=={release}"
        # The same package first, then what keeps the specifier, then the newest.
        key = (keeps, same, build.package == asked.framework.name, numbers_of(release), build.version)
        best = max(best, (key, requirement(build.package, extras, specifier)))
    return best[1]


def _admits(asked: Asked, release: str) -> bool:
    from accelinstall.selection.demand import contains

    return all(contains(text, release) for text in asked.specifiers)


def _same_family(one: str, other: str, site: Site) -> bool:
    family = site.catalog.family_of(one)
    return family is not None and other in family


def _named(item: Combination) -> str:
    """``torch 2.14 with cu130 and tensorflow 2.21 with cu12``: what brings libraries."""
    parts = []
    if item.needs_torch and item.ranked:
        parts.append(f"torch {item.ranked.releases[0].series} with {item.ranked.backend.slug}")
    for option in item.options:
        if option.library_bytes and option.releases:
            series = ".".join(option.releases[0].split(".")[:2])
            parts.append(f"{option.asked.name} {series} with {option.backend}")
    return " and ".join(parts)


def _size(item: Combination) -> str:
    size = item.candidate.download_bytes
    return f"about {size / _GIGABYTE:.1f} GB" if size else ""
