"""The project's checks: ``nox`` runs them all, ``nox -s tests`` one of them."""

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "floors", "tests"]
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")


def _group(name: str) -> list[str]:
    return list(nox.project.dependency_groups(PYPROJECT, name))


@nox.session
def lint(session: nox.Session) -> None:
    """Style and format."""
    session.install(*_group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types, strictly."""
    session.install("-e", ".", *_group("types"))
    session.run("mypy")


@nox.session
def floors(session: nox.Session) -> None:
    """Rooms import downwards only."""
    session.install("-e", ".", *_group("floors"))
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite; arguments go to pytest."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", *(session.posargs or ["-n", "auto", "-q"]))


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmarks side by side with peers; writes the tables of ``docs/benchmarks.md`` to standard output."""
    session.install("-e", ".", "uv")
    for script in ("startup.py", "detect.py", "install.py"):
        session.run("python", f"benchmarks/{script}", *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Faults for as long as it takes to trust the counts: ``docs/reliability.md``; arguments go to pytest."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", "-q", "tests/faults", *session.posargs, env={"ACCELINSTALL_CHAOS": "1"})


@nox.session(name="conformance-wheels")
def conformance_wheels(session: nox.Session) -> None:
    """Sixty popular wheels installed by accelinstall, pip and uv, and compared file by file."""
    session.install("-e", ".", "uv", "pip")
    session.run("python", "benchmarks/conformance_wheels.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Links and generated parts of ``docs/`` are true."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", "-q", "tests/docs")
