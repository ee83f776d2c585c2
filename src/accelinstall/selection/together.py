"""Several frameworks on one machine: from the ways to answer each to whole candidates, in the order preferred."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from accelinstall.model.hardware import Environment
from accelinstall.model.selection import Candidate, Preference, Selected, Wish
from accelinstall.model.target import backends_from, environment_of
from accelinstall.selection.demand import HEAD
from accelinstall.selection.frameworks import Answer, Option, requirement
from accelinstall.selection.ranking import Ranked
from accelinstall.values import dataclass, replace

Sizes = tuple[int, int, int]
"""CUDA major, bytes of the framework's own wheels, bytes of the vendor's libraries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One candidate with what it was made from.

    :ivar ranks: the place of torch's build and of each framework's among their own.
    :ivar needs_torch: torch is wished, or something that brings it.
    """

    candidate: Candidate
    ranked: Ranked | None
    options: tuple[Option, ...]
    ranks: tuple[int, ...]
    needs_torch: bool

    @property
    def majors(self) -> frozenset[int]:
        """The CUDA majors whose libraries it brings."""
        torch = self.ranked.backend if self.ranked and self.needs_torch else None
        own = {torch.version[0]} if torch and torch.environment == "cuda" and torch.version else set()
        return frozenset(own | {option.major for option in self.options if option.major and option.library_bytes})

    @property
    def served(self) -> tuple[bool, ...]:
        """Which GPUs torch's build serves."""
        return self.ranked.served if self.ranked else ()

    @property
    def download_bytes(self) -> int:
        """What it brings, libraries of one CUDA major once; 0 when a size is unknown."""
        parts = [_sizes_of(option) for option in self.options]
        if self.needs_torch:
            parts.append(sizes_of_torch(self.ranked, self.candidate.target.platform))
        if not parts or any(not wheel for _, wheel, _ in parts):
            return 0
        libraries: dict[int, int] = {}
        for major, _, size in parts:
            libraries[major] = max(size, libraries.get(major, 0))
        return sum(wheel for _, wheel, _ in parts) + sum(libraries.values())


def combine(
    torch: Sequence[tuple[Candidate, Ranked | None]],
    answers: Sequence[Answer],
    *,
    needs_torch: bool,
    environment: Environment,
    prefer: Preference,
) -> tuple[Combination, ...]:
    """Every way to answer all wishes at once, best first.

    ``newest`` takes the sum of the places each build has among its own, so that the first gives way last; ``shared``
    first asks for as few CUDA majors as possible, ``smallest`` for the fewest bytes.  Whatever is preferred, a build
    that serves more of the GPUs comes first.
    """
    lists = [answer.options for answer in answers if answer.options]
    found = []
    for places in product(range(len(torch)), *(range(len(options)) for options in lists)):
        candidate, ranked = torch[places[0]]
        options = tuple(options[place] for options, place in zip(lists, places[1:], strict=True))
        candidate = _with_options(candidate, options, needs_torch=needs_torch, environment=environment)
        whole = Combination(candidate=candidate, ranked=ranked, options=options, ranks=places, needs_torch=needs_torch)
        found.append(replace(whole, candidate=replace(candidate, download_bytes=whole.download_bytes)))
    keys = {"newest": _newest, "shared": _shared, "smallest": _smallest}
    return tuple(sorted(found, key=keys[prefer]))


def sizes_of_torch(ranked: Ranked | None, platform: str) -> Sizes:
    """Of torch's build; zeros when nobody measured it."""
    build = ranked.backend.build(ranked.releases[0].series, platform) if ranked else None
    if ranked is None or build is None or not build.wheel_bytes:
        return 0, 0, 0
    return (ranked.backend.version or (0,))[0], build.wheel_bytes, build.library_bytes


def selected_rows(option: Option, combination: Combination) -> tuple[Selected, ...]:
    """One row per wish that *option* answers."""
    choice = combination.candidate.choice(option.asked.name)
    pinned = option.asked.pinned
    newest = option.releases[0] if option.releases else ""

    def row(wish: Wish) -> Selected:
        return Selected(
            name=wish.name,
            requirement=requirement(wish.name, wish.extras, wish.specifier),
            version=pinned or ".".join(newest.split(".")[:2]),
            backend=choice.backend if choice else option.backend,
            source_url=option.build.url,
            group=wish.group,
            download_bytes=option.wheel_bytes + option.library_bytes,
        )

    return tuple(map(row, option.asked.wishes))


def _newest(item: Combination) -> tuple[object, ...]:
    return sum(item.ranks), item.ranks


def _shared(item: Combination) -> tuple[object, ...]:
    return tuple(not good for good in item.served), len(item.majors), *_newest(item)


def _smallest(item: Combination) -> tuple[object, ...]:
    size = item.candidate.download_bytes
    return tuple(not good for good in item.served), not size, size, *_newest(item)


def _sizes_of(option: Option) -> Sizes:
    return option.major, option.wheel_bytes, option.library_bytes


def _with_options(
    candidate: Candidate, options: tuple[Option, ...], *, needs_torch: bool, environment: Environment
) -> Candidate:
    if not options:
        return candidate
    torch_choice = candidate.choice(HEAD)
    torch = torch_choice.backend if torch_choice else candidate.target.backend
    choices = tuple(option.choice(torch) for option in options)
    backends = {HEAD: torch}
    for option in options:
        if option.build.environment is not None and backends.get(option.asked.framework.name, "cpu") == "cpu":
            backends[_framework(option)] = option.backend
    head = candidate.target.backend
    if not needs_torch and environment != "edge":
        own = (option.backend for option in options if option.build.environment is not None)
        first = next(own, head)
        head = first if environment_of(first) == environment else head
    target = replace(candidate.target, backend=head, backends=backends_from(backends, head=head))
    ordered = (*candidate.choices, *choices) if needs_torch else (*choices, *candidate.choices)
    return replace(candidate, target=target, choices=ordered)


def _framework(option: Option) -> str:
    """``tensorflow`` for all of its packages; a package that has no framework around it stands for itself."""
    name = option.asked.framework.name
    return option.asked.name if name == "packages" else name
