"""Wrong usage as an error like any other."""

from __future__ import annotations

import argparse
from typing import NoReturn

from accelinstall.errors import UsageError


class Parser(argparse.ArgumentParser):
    """An argparse parser whose mistakes are :class:`UsageError`, with a hint where to look."""

    def error(self, message: str) -> NoReturn:
        """:raises UsageError: always."""
        raise UsageError(message, hint=f"{self.prog} --help")
