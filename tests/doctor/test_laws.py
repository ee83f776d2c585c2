"""Laws of mending: done twice it is done once, it leaves what it does not mend, and nothing makes it fail."""

from __future__ import annotations

import cProfile

from hypothesis import given, settings
from hypothesis import strategies as st

from accelinstall.doctor import Snapshot, examine, mend
from tests.doctor.looking import PYPROJECT, environment, machine, mended, poetry_lock, snapshot

WRONG = (
    "RUN pip install poetry",
    "RUN pip install 'poetry>=1.2' && poetry install --no-dev --sync",
    "ENV POETRY_VERSION=5.3.0 POETRY_VENV_PATH=/x",
    "RUN poetry lock --no-update; poetry update --no-dev",
    "RUN curl -sSL https://install.python-poetry.org | python3 -",
    "RUN pip install tensorflow[cuda]",
)
RIGHT = (
    "# pip install poetry  \t",
    "RUN echo 'poetry install --no-dev'",
    'LABEL a="poetry 5.3.0"',
    "WORKDIR /app",
    "",
    "RUN true \\",
    "  # POETRY_VENV_PATH=1",
    'CMD ["poetry", "run", "x"]',
    "COPY src src",
    "RUN <<EOF",
    "EOF",
)
WORKFLOW = "jobs:\n  test:\n    steps:\n"
STEPS = (
    "      - uses: snok/install-poetry@v1\n",
    "      - uses: snok/install-poetry@v1\n        with: {version: latest}\n",
    "      - uses: actions/setup-python@v5\n        with:\n          python-version: 3.10\n",
    "      - run: pip install poetry\n",
    "      - run: |\n          poetry install --no-dev\n          # and so on\n",
    "      - name: x\n        uses: abatilo/actions-poetry@v3\n        with:\n          x: 1\n",
    "      - uses: actions/checkout@v4\n",
)
NAMES = (
    "Dockerfile",
    "compose.yaml",
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    "poetry.toml",
    "poetry.lock",
    "pyproject.toml",
    "pylock.x.toml",
    ".python-version",
    ".dockerignore",
    "Makefile",
    "run.sh",
)
# The first example also imports what is imported when needed.
UNHURRIED = settings(deadline=None, max_examples=60)
LINES = st.lists(st.sampled_from([*WRONG, *RIGHT]), max_size=12)


def project(**files: str) -> dict[str, str | bytes]:
    return {"pyproject.toml": PYPROJECT, "poetry.lock": poetry_lock(), **files}


def test_the_work_grows_with_the_file_and_not_with_its_square() -> None:
    looked = [snapshot(project(**{"x.sh": "pip install poetry\n" * count})) for count in (50, 400)]
    calls = []
    for one in looked:
        profile = cProfile.Profile()
        profile.runcall(mend, one)
        calls.append(sum(entry.callcount for entry in profile.getstats()))
    assert calls[1] < 10 * calls[0]


@UNHURRIED
@given(lines=LINES, newline=st.sampled_from(["\n", "\r\n"]), ends=st.booleans())
def test_a_dockerfile_mended_twice_is_mended_once_and_keeps_the_lines_that_were_right(
    lines: list[str], newline: str, ends: bool
) -> None:
    before = newline.join(["FROM a:1", *lines]) + (newline if ends else "")
    after = mended(snapshot(project(Dockerfile=before))).get("Dockerfile", before)
    assert after.count(newline) == before.count(newline)
    old, new = before.split(newline), after.split(newline)
    assert [line for line in old if line in RIGHT] == [new[number] for number, line in enumerate(old) if line in RIGHT]


@UNHURRIED
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=6))
def test_a_workflow_mended_has_nothing_left_to_mend(steps: list[str]) -> None:
    files = project(**{".github/workflows/ci.yml": WORKFLOW + "".join(steps)})
    after = mended(snapshot(files))
    again = examine(snapshot({**files, **after}))
    assert [finding for finding in again.findings if finding.fixable] == []


@UNHURRIED
@given(
    files=st.dictionaries(
        st.sampled_from(NAMES),
        st.one_of(
            st.binary(max_size=120),
            st.text(alphabet="[]{}:-=\"'\n\r\t #&*!|>$a0.\\<", max_size=120).map(str.encode),
            st.sampled_from([line.encode() for line in (*WRONG, *STEPS, WORKFLOW, PYPROJECT, poetry_lock())]),
        ),
        max_size=6,
    ),
    exists=st.booleans(),
    owner=st.sampled_from([0, 1000]),
)
def test_whatever_the_files_hold_they_are_judged_and_mended_without_an_error(
    files: dict[str, bytes], exists: bool, owner: int
) -> None:
    looked = snapshot(dict(files), local=machine(environment=environment(exists=exists, owner=owner)))
    for finding in examine(looked).findings:
        assert finding.message and "\n" not in finding.message
        path, _, line = finding.where.rpartition(":")
        assert not finding.where or (line.isdigit() and path in files)
    after = {edit.path: edit.after or b"" for edit in mend(looked)}
    assert mend(Snapshot(directory=looked.directory, files={**files, **after}, local=looked.local)) == ()
