"""The version, read from here by the build and by ``--version`` (asking installed metadata costs 20 ms)."""

__version__ = "0.1.0"
