"""Which variant of a release fits a machine, and how well (PEP 825, "Variant ordering")."""

from __future__ import annotations

import math
from collections.abc import Callable

from accelinstall.model.index import IndexFile, VariantWheel
from accelinstall.model.variants import NULL_LABEL, ReleaseVariants, VariantSupport

Rank = tuple[tuple[tuple[float, ...], ...], str]
"""Sort key of the wheels of one release, the least is the best."""

# The end of a list of keys sorts behind any further key: of two variants alike so far the one with more wins.
_END = (math.inf,)
_NO_VARIANT: Rank = (((math.inf, math.inf),), "")


class VariantJudge:
    """Variant wheels against what one machine supports.

    :param read: what a wheel's release says of its variants, ``None`` when it says nothing; one request per release.
    """

    def __init__(self, support: VariantSupport, read: Callable[[VariantWheel], ReleaseVariants | None]) -> None:
        self._support, self._read = support, read

    def refuse(self, file: IndexFile) -> str | None:
        """Why the machine cannot use *file* as a variant; ``None`` when it can, as with any wheel that is none."""
        if not isinstance(file, VariantWheel):
            return None
        release = self._read(file)
        if release is None:
            return f"`{file.label}`, whose properties the index does not tell"
        if release.unknown_format:
            return f"`{file.label}` of the unknown format {release.unknown_format}"
        return None if rank_variant(file.label, release, self._support) else f"`{file.label}` needs what is not here"

    def rank(self, file: IndexFile) -> Rank:
        """How good *file* is among the files of its release that were not refused; plain wheels come last."""
        release = self._read(file) if isinstance(file, VariantWheel) else None
        rank = rank_variant(file.label, release, self._support) if release and isinstance(file, VariantWheel) else None
        return rank or _NO_VARIANT


def rank_variant(label: str, release: ReleaseVariants, support: VariantSupport) -> Rank | None:
    """The place of variant *label* in the order for one machine; ``None`` when it does not fit.

    It fits when of every feature it names one value is supported.  Variants are compared feature by feature, the most
    important first: by namespace (the package's order), feature and value (the machine's order); the null variant
    comes last.
    """
    if label == NULL_LABEL:
        return (_END,), label
    properties = release.properties.get(label)
    if properties is None:
        return None
    keys: list[tuple[float, ...]] = []
    for namespace, features in properties.items():
        supported = release.static.get(namespace) or support.features(namespace)
        names = [name for name, _ in supported]
        for feature, values in features.items():
            known = dict(supported).get(feature, ())
            best = next((place for place, value in enumerate(known) if value in values), None)
            if best is None:
                return None
            keys.append((release.priorities.index(namespace), names.index(feature), best))
    return (*sorted(keys), _END), label
