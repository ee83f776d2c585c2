"""Package indexes and find-links places.

Enter: a :class:`~accelinstall.model.project.Source` and a project's name, or a file an index offers.  Leave:
:class:`~accelinstall.model.index.IndexFile` and :class:`~accelinstall.model.index.CoreMetadata` values, or one error of
the families in :mod:`accelinstall.index.errors`.  Which file fits and which source may be asked is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelinstall.lazily import lazily

if TYPE_CHECKING:
    from accelinstall.index.client import IndexClient
    from accelinstall.index.errors import (
        MetadataChanged,
        MetadataNeedsBuild,
        MetadataUnreadable,
        PageMalformed,
        PageTooNew,
        PipConfigurationInvalid,
        SourceRefusesLogin,
        SourceUnreachable,
        VariantsUnreadable,
    )
    from accelinstall.index.mirrors import Mirrors
    from accelinstall.index.pip_configuration import (
        PipConfiguration,
        default_index_url,
        find_links_address,
        read_pip_configuration,
    )
    from accelinstall.index.poetry_credentials import read_poetry_credentials

__all__ = [
    "IndexClient",
    "MetadataChanged",
    "MetadataNeedsBuild",
    "MetadataUnreadable",
    "Mirrors",
    "PageMalformed",
    "PageTooNew",
    "PipConfiguration",
    "PipConfigurationInvalid",
    "SourceRefusesLogin",
    "SourceUnreachable",
    "VariantsUnreadable",
    "default_index_url",
    "find_links_address",
    "read_pip_configuration",
    "read_poetry_credentials",
]

__getattr__ = lazily(
    __name__,
    {
        "client": ("IndexClient",),
        "errors": (
            "MetadataChanged",
            "MetadataNeedsBuild",
            "MetadataUnreadable",
            "PageMalformed",
            "PageTooNew",
            "PipConfigurationInvalid",
            "SourceRefusesLogin",
            "SourceUnreachable",
            "VariantsUnreadable",
        ),
        "mirrors": ("Mirrors",),
        "pip_configuration": (
            "PipConfiguration",
            "default_index_url",
            "find_links_address",
            "read_pip_configuration",
        ),
        "poetry_credentials": ("read_poetry_credentials",),
    },
)
