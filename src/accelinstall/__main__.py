"""``python -m accelinstall`` and the console script."""

from __future__ import annotations

# The module behind `signal`, whose import loads `enum`.
import _signal  # type: ignore[import-not-found]
import sys

TYPE_CHECKING = False  # `typing` itself costs 2 ms.
if TYPE_CHECKING:
    from typing import NoReturn


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns the exit code (0 done, 1 failed, 2 wrong usage, 3 unknown, 130 or 143 stopped)."""
    return _run(sys.argv[1:] if argv is None else argv)[0]


def script() -> NoReturn:
    """The console script: :func:`main`, and the end of the process, also when it is asked to end."""
    try:
        # Whoever has it ignored means that.
        if _signal.getsignal(_signal.SIGTERM) == _signal.SIG_DFL:
            _signal.signal(_signal.SIGTERM, _terminate)
        code, is_done = _run(sys.argv[1:])
    except KeyboardInterrupt as stop:
        # On the way there or back.
        code, is_done = _code_of(stop), False
    try:
        is_done = is_done or _is_over()
    except KeyboardInterrupt:
        # Too late: everything is done and told.
        is_done = True
    if is_done:
        import os

        # Taking the interpreter apart would be a twentieth of a short run, and Ctrl-C is told as an error meanwhile.
        os._exit(code)
    sys.exit(code)


def _is_over() -> bool:
    """Whether nothing is left but to take the interpreter apart."""
    import atexit

    threading = sys.modules.get("threading")
    if threading and any(
        not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()
    ):
        return False
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return False
    atexit._run_exitfuncs()
    return True


def _run(arguments: list[str]) -> tuple[int, bool]:
    """The exit code, and whether nothing has to be taken apart afterwards."""
    sys.unraisablehook = _interrupt_again
    try:
        code = _from_memory(arguments)
        return (_in_full(arguments), False) if code is None else (code, True)
    except KeyboardInterrupt as stop:
        # Before or after the part that tells it.
        return _code_of(stop), False


def _code_of(stop: KeyboardInterrupt) -> int:
    # Only a signal that is no Ctrl-C has a number in it.
    return 143 if stop.args else 130


def _terminate(number: int, frame: object) -> None:
    """SIGTERM, as containers and CI send it, ends a run like Ctrl-C; its number is in the exception."""
    # Once: `timeout` sends two, and the second would cut short what the first has cleaned up.
    _signal.signal(number, _signal.SIG_IGN)
    raise KeyboardInterrupt(number)


def _interrupt_again(caught: sys.UnraisableHookArgs) -> None:
    """Ctrl-C that came while an object was taken apart, where Python would only print it: raised once more."""
    if caught.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(caught)
        return
    import _thread
    import time

    number = _signal.SIGINT
    if caught.exc_value and caught.exc_value.args:
        number = _signal.SIGTERM
        _signal.signal(number, _terminate)

    def interrupt() -> None:
        # Not before this hook is left: raised in it, it would be lost once more.
        time.sleep(0.001)
        _thread.interrupt_main(number)

    _thread.start_new_thread(interrupt, ())


def _from_memory(arguments: list[str]) -> int | None:
    """The exit code when the command could be answered from what earlier runs left; ``None`` = run it in full."""
    if not _is_askable(arguments):
        return None
    import os

    from accelinstall.shortcut.fresh import install
    from accelinstall.shortcut.nothing import recall

    try:
        said = recall(arguments, os.environ) or install(arguments, os.environ)
    except KeyboardInterrupt as stop:
        from accelinstall.cli import stopped

        return stopped(stop)
    if said is None:
        return None
    _tell(*said)
    return 0


def _tell(out: str, err: str) -> None:
    try:
        sys.stdout.write(out)
        sys.stdout.flush()
        sys.stderr.write(err)
        sys.stderr.flush()
    except (OSError, UnicodeError, AttributeError):
        import os

        # Closed or full: what was done is done, and a program that matters reads the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _is_askable(arguments: list[str]) -> bool:
    """Whether memory may know the command: not where the folder it is given in is gone, which a full run tells."""
    import os

    from accelinstall.shortcut.asking import is_askable

    try:
        return is_askable(arguments) and bool(os.getcwd())  # noqa: PTH109 - `pathlib` takes as long as the answer
    except OSError:
        return False


def _in_full(arguments: list[str]) -> int:
    if arguments == ["--version"]:  # the parser need not be built for it
        from accelinstall._version import __version__

        _tell(f"accelinstall {__version__}\n", "")
        return 0
    import gc
    import os

    from accelinstall.cli import run
    from accelinstall.shortcut.nothing import listen

    recorder = listen(arguments, os.environ) if _is_askable(arguments) else None
    # A run makes many values and few cycles, and is over soon: looking for garbage often costs a quarter of the time.
    gc.set_threshold(500_000, 50, 100)
    code = run(arguments, recorder=recorder)
    # What is left goes with the process: nobody need look for garbage in it on the way out.
    gc.freeze()
    return code


if __name__ == "__main__":
    script()
