"""``python -m accelinstall`` and the console script."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns the exit code (0 done, 1 failed, 2 wrong usage, 3 unknown, 130 interrupted)."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments == ["--version"]:  # the parser need not be built for it
        from accelinstall._version import __version__

        sys.stdout.write(f"accelinstall {__version__}\n")
        return 0
    import gc

    try:
        from accelinstall.cli import run
    except KeyboardInterrupt:  # from here on `run` tells it
        return 130
    # A run makes many values and few cycles, and is over soon: looking for garbage often costs a quarter of the time.
    gc.set_threshold(100_000, 50, 100)
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
