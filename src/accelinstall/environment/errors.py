"""Why an environment cannot be used.

``InterpreterError``
    ``InterpreterMissing``         no such interpreter, or it cannot be executed
    ``InterpreterBroken``          it runs but does not describe itself
    ``BrokenEnvironment``          the Python a virtual environment was made from is gone
    ``NotAnEnvironment``           a folder that is something else
    ``EnvironmentNotMade``         a virtual environment could not be created
    ``ForeignEnvironment``         the tree belongs to another user
    ``ExternallyManaged``          the system's own Python (PEP 668)
    ``ReadOnlyEnvironment``        packages cannot be written there
    ``PythonMismatch``             another Python than the lock is for
    ``PoetrySettingsUnreadable``   ``poetry.toml`` or ``config.toml`` is malformed
"""

from __future__ import annotations

from accelinstall.errors import InterpreterError


class InterpreterMissing(InterpreterError):
    """There is no such interpreter, or it cannot be executed."""

    code = "interpreter-missing"

    def __init__(self, python: str, *, reason: str = "does not exist", hint: str = "") -> None:
        super().__init__(
            f"the interpreter `{python}` {reason}",
            hint=hint or "name one that works: --python PATH, or --venv DIR for an environment of your own",
        )
        self.python = python


class InterpreterBroken(InterpreterError):
    """An interpreter was started and did not describe itself."""

    code = "interpreter-broken"

    def __init__(self, python: str, *, reason: str) -> None:
        super().__init__(
            f"the interpreter `{python}` {reason}", hint="name another one: --python PATH, or --venv DIR for a new one"
        )
        self.python = python


class BrokenEnvironment(InterpreterError):
    """A virtual environment whose own Python is gone."""

    code = "environment-broken"

    def __init__(self, path: str, *, home: str) -> None:
        super().__init__(
            f"the environment `{path}` was made from the Python in `{home}`, which is gone",
            hint=f"remove it, then run the same command again: rm -r {_quoted(path)}",
        )
        self.path, self.home = path, home


class NotAnEnvironment(InterpreterError):
    """A path that holds something else than a Python environment."""

    code = "not-an-environment"

    def __init__(self, path: str, *, found: str) -> None:
        super().__init__(f"`{path}` is not a Python environment: {found}", hint="name another folder: --venv DIR")
        self.path = path


class EnvironmentNotMade(InterpreterError):
    """A virtual environment could not be created."""

    code = "environment-not-made"

    def __init__(self, path: str, *, reason: str) -> None:
        super().__init__(
            f"the environment `{path}` could not be made: {reason}",
            hint="name a folder you can write to: --venv DIR",
        )
        self.path = path


class ForeignEnvironment(InterpreterError):
    """A tree that belongs to another user."""

    code = "environment-owner"

    def __init__(self, path: str, *, owner: int, user: int) -> None:
        super().__init__(
            f"`{path}` belongs to user {owner}, this process runs as user {user}: files of two owners in one "
            "environment break both",
            hint="make an environment of your own: --venv DIR",
        )
        self.path, self.owner, self.user = path, owner, user


class ExternallyManaged(InterpreterError):
    """An interpreter whose packages the operating system manages (PEP 668)."""

    code = "externally-managed"

    def __init__(self, python: str) -> None:
        super().__init__(
            f"the packages of `{python}` are managed by the operating system (EXTERNALLY-MANAGED, PEP 668)",
            hint="use a virtual environment: --venv .venv",
        )
        self.python = python


class ReadOnlyEnvironment(InterpreterError):
    """Packages cannot be written into the environment."""

    code = "environment-read-only"

    def __init__(self, path: str) -> None:
        super().__init__(f"`{path}` cannot be written to", hint="name an environment you can write to: --venv DIR")
        self.path = path


class PythonMismatch(InterpreterError):
    """The environment's Python is not the one the packages are for."""

    code = "python-mismatch"

    def __init__(self, python: str, *, found: str, wanted: str) -> None:
        super().__init__(
            f"`{python}` is {found}, the packages are for {wanted}",
            hint="name a matching environment with --python PATH or --venv DIR, or lock for this Python: "
            "accelinstall lock",
        )
        self.python, self.found, self.wanted = python, found, wanted


class PoetrySettingsUnreadable(InterpreterError):
    """One of Poetry's settings files is malformed."""

    code = "poetry-settings"

    def __init__(self, path: str, *, problem: str) -> None:
        super().__init__(f"{path}: {problem}", hint="correct the file, or name the environment yourself: --venv DIR")
        self.path = path


def _quoted(path: str) -> str:
    """*path* as a shell reads it."""
    return path if path.replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum() else f"'{path}'"
