"""Wheel variants (PEP 825, provisional): several builds of one release for one platform, told apart by a label."""

from __future__ import annotations

import re
from collections.abc import Mapping

from accelinstall.values import dataclass, field

Features = tuple[tuple[str, tuple[str, ...]], ...]
"""Feature name -> values, both best first."""

NULL_LABEL = "null"
"""The label of the variant without properties, which fits every machine."""

_LABEL = re.compile(r"[0-9a-z_.]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSupport:
    """The properties one machine supports.

    :ivar namespaces: (namespace, features) pairs, sorted; which namespace counts more is for each package to say.
    """

    namespaces: tuple[tuple[str, Features], ...] = ()

    def features(self, namespace: str) -> Features:
        """What is supported of *namespace*; empty for one that nothing here can answer."""
        return dict(self.namespaces).get(namespace, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseVariants:
    """What a ``{name}-{version}-variants.json`` says of one release.

    :ivar priorities: namespaces, the most important first.
    :ivar properties: label -> namespace -> feature -> values, any of which will do.
    :ivar static: namespaces whose supported features the file itself tells, whatever the machine.
    :ivar unknown_format: the ``$schema`` of a format that is not known here; nothing else is filled in then.
    """

    priorities: tuple[str, ...] = ()
    properties: Mapping[str, Mapping[str, Mapping[str, frozenset[str]]]] = field(default_factory=dict)
    static: Mapping[str, Features] = field(default_factory=dict)
    unknown_format: str = ""


def split_label(filename: str) -> tuple[str, str]:
    """The name of a variant wheel without its label, and the label; any other name as it is, and an empty text.

    PEP 825, "Variant label": the label follows the platform tag.  A third part that starts with a digit is a build
    number, for no Python tag does.
    """
    parts = filename.removesuffix(".whl").split("-")
    has_build = len(parts) > 2 and parts[2][:1].isdigit()
    if not filename.endswith(".whl") or len(parts) != 6 + has_build or not _LABEL.fullmatch(parts[-1]):
        return filename, ""
    return "-".join(parts[:-1]) + ".whl", parts[-1]
