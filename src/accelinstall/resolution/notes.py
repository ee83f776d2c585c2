"""What the user should know of a resolution that succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from accelinstall.model.finding import Finding, Level
from accelinstall.model.project import Source
from accelinstall.resolution.needs import Pin
from accelinstall.resolution.places import backend_label
from accelinstall.resolution.provider import Provider
from accelinstall.resolution.stock import Stock

_LISTED = 4
_STATUSES: Mapping[str, tuple[Level, str]] = {
    "archived": ("info", "is archived: its maintainers expect no further release"),
    "deprecated": ("warning", "is deprecated by its maintainers"),
}


def notes_on(
    pins: Sequence[Pin], *, provider: Provider, stock: Stock, overridden: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Everything worth a word about *pins*, sorted by id and message."""
    found = [
        *_unreachable(pins, stock),
        *(note for pin in pins for note in _on_pin(pin)),
        *(note for pin in pins for note in _passed_over(pin, stock)),
        *(note for pin in pins for note in _unreadable(pin, provider)),
        *(note for pin in pins for note in _statuses(pin, stock)),
        *_unknown_extras(provider),
        *(Finding(id="override", level="warning", message=text) for text in override_sentences(pins, overridden)),
    ]
    return tuple(sorted(found, key=lambda note: (note.id, note.message)))


def degraded_sentences(pins: Sequence[Pin], stock: Stock) -> tuple[str, ...]:
    """One sentence per source whose place the default index took, sorted."""
    return tuple(
        f"source `{source.name}` ({source.url}) could not be reached: "
        f"{_listed(names)} from the default index, the same build"
        for source, names in _stand_ins(pins, stock, from_find_links=False)
    )


def _unreachable(pins: Sequence[Pin], stock: Stock) -> Iterable[Finding]:
    degraded = dict(_stand_ins(pins, stock, from_find_links=False))
    links = dict(_stand_ins(pins, stock, from_find_links=True))
    for source in sorted({*degraded, *links}, key=lambda source: (source.name, source.url)):
        parts = []
        if source in links:
            parts.append(f"{_listed(links[source])} from find-links")
        if source in degraded:
            parts.append(f"{_listed(degraded[source])} from the default index, the same build")
        yield Finding(
            id="source-unreachable",
            level="warning",
            message=f"source `{source.name}` ({source.url}) cannot be reached; taking {'; '.join(parts)}",
            hint="`accelinstall lock --upgrade` once it can be reached" if source in degraded else "",
        )


def _stand_ins(pins: Sequence[Pin], stock: Stock, *, from_find_links: bool) -> list[tuple[Source, list[Pin]]]:
    """(unreachable source, packages that came from elsewhere because of it) rows, sorted."""
    found: dict[Source, list[Pin]] = {}
    for pin in pins:
        if pin.place is None or pin.place.is_find_links is not from_find_links:
            continue
        for place, _ in stock.missing.get(pin.name, ()):
            rows = found.setdefault(place.source, [])
            if pin not in rows:
                rows.append(pin)
    return sorted(found.items(), key=lambda row: (row[0].name, row[0].url))


def _on_pin(pin: Pin) -> Iterable[Finding]:
    if pin.yanked is not None:
        reason = f": {pin.yanked}" if pin.yanked else ""
        yield Finding(id="yanked", level="warning", message=f"`{pin.name}` {pin.version} is yanked{reason}")
    admission = pin.place.admission if pin.place else None
    if (
        pin.place
        and admission
        and admission.trusted
        and admission.is_own
        and admission.label
        and not backend_label(pin.version)
    ):
        yield Finding(
            id="build-trusted",
            level="info",
            message=f"`{pin.name}` {pin.version} of {pin.place.source.url} names no backend; "
            f"taken as the {admission.label} build",
        )


def _passed_over(pin: Pin, stock: Stock) -> Iterable[Finding]:
    """Newer versions that exist as source distributions only."""
    for shelf in stock.read_shelves(pin.name):
        newer = [
            version
            for version in takewhile(lambda version: version > pin.version, shelf.versions)
            if not version.is_prerelease and shelf.is_judged(version)
        ]
        unbuilt = [version for version in newer if _needs_build(shelf.offer(version).refusal)]
        if unbuilt and pin.version in shelf:
            yield Finding(
                id="needs-build",
                level="info",
                message=f"`{pin.name}` {unbuilt[0]} has no wheel that fits, only a source distribution; "
                f"{pin.version} is taken",
            )


def _unreadable(pin: Pin, provider: Provider) -> Iterable[Finding]:
    """Newer versions that were passed over because of their metadata: an index at fault is no reason to go silent."""
    for version, error in provider.unreadable(pin.name).items():
        if version > pin.version and error.code != "metadata-needs-build":
            yield Finding(
                id=error.code,
                level="warning",
                message=f"{error.message}; `{pin.name}` {pin.version} is taken instead of {version}",
                hint=error.hint,
            )
    for version, reason in provider.refused(pin.name).items():
        if version > pin.version:
            yield Finding(
                id="metadata-unreadable",
                level="warning",
                message=f"`{pin.name}` {version} is passed over: {reason}; {pin.version} is taken",
            )


def _statuses(pin: Pin, stock: Stock) -> Iterable[Finding]:
    """What the index of *pin* says of its whole project."""
    status = stock.status(pin.place, pin.name) if pin.place else None
    if status is not None and (words := _STATUSES.get(status.marker)):
        reason = f": {status.reason}" if status.reason else ""
        level, text = words
        yield Finding(id=f"project-{status.marker}", level=level, message=f"`{pin.name}` {text}{reason}")


def _needs_build(refusal: object) -> bool:
    return getattr(refusal, "code", "") == "needs-build"


def _unknown_extras(provider: Provider) -> Iterable[Finding]:
    for (name, extra), pin in sorted(provider.unknown_extras.items()):
        offered = provider.metadata_of(pin).provides_extra
        yield Finding(
            id="unknown-extra",
            level="warning",
            message=f"`{name}` {pin.version} has no extra `{extra}`",
            hint="it offers " + ", ".join(f"`{item}`" for item in sorted(offered)) if offered else "",
        )


def override_sentences(pins: Sequence[Pin], overridden: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence per package of *pins* whose requirements an override replaced, in their order."""
    return tuple(
        f"requirements on `{pin.name}` are overridden by `{overridden[pin.name]}`"
        for pin in pins
        if pin.name in overridden
    )


def _listed(pins: Sequence[Pin]) -> str:
    """The frameworks among *pins* by name, the others as a number."""
    heads = [pin for pin in pins if pin.place and pin.place.admission and pin.place.admission.is_own] or list(pins)
    shown = heads[:_LISTED]
    more = len(pins) - len(shown)
    names = ", ".join(f"`{pin.name}` {pin.version}" for pin in shown)
    return names + (f" and {more} more package{'s' if more > 1 else ''}" if more else "")
