"""What ``lock`` takes as bounds, what it says it changed, and what it keeps warning of."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from accelinstall.testing import IndexServer, make_wheel
from tests.pipeline.conftest import PYPROJECT
from tests.pipeline.running import Outcome, Workplace


def lock(workplace: Workplace, index: IndexServer, *options: str) -> Outcome:
    return workplace.run("lock", "--environment", "cpu", "--index-url", index.simple_url, *options)


def locked(done: Outcome) -> dict[str, str]:
    assert done.code == 0, done.out + done.err
    (one,) = done.document["locks"]
    return {package["name"]: package["version"] for package in one["lock"]["packages"]}


def own_table(workplace: Workplace) -> Any:
    (path,) = workplace.project.glob("pylock.*.toml")
    return tomllib.loads(path.read_text("utf-8"))["tool"]["accelinstall"]


def test_changes_against_the_lock_before_are_told_in_text_and_json(
    workplace: Workplace, index: IndexServer, tmp_path: Path
) -> None:
    first = lock(workplace, index, "--json").document["locks"][0]
    assert {"action": "add", "name": "web", "from": None, "to": "2.0"} in first["changes"]
    workplace.write(PYPROJECT.replace("web (>=1)", "web (<2)").replace('checker = "*"', 'other = "*"'))
    index.add(make_wheel(tmp_path / "new", "other", "1.0"))
    done = lock(workplace, index)
    assert done.code == 0, done.err
    for change in ("- checker 3.0", "+ other 1.0", "~ web 2.0 -> 1.0", "- wire 1.5"):
        assert f"  {change}\n" in done.err
    assert lock(workplace, index, "--json").document["locks"][0]["changes"] == []


def test_another_file_of_the_same_version_is_a_change(workplace: Workplace, index: IndexServer, tmp_path: Path) -> None:
    lock(workplace, index)
    tag = "cp311-cp311-linux_x86_64"
    index.add(make_wheel(tmp_path / "new", "wire", "1.5", tag=tag))
    done = lock(workplace, index, "--python-version", "3.11", "--platform", "linux-x86_64", "--upgrade")
    assert "  ~ wire 1.5 (another file)\n" in done.err


def test_a_constraints_file_bounds_what_others_ask_for(
    workplace: Workplace, index: IndexServer, tmp_path: Path
) -> None:
    index.add(make_wheel(tmp_path / "new", "wire", "1.6"))
    workplace.write("wire<1.6\nunused==9\n", "bounds.txt")
    bounds = ("-c", str(workplace.project / "bounds.txt"), "--json")
    assert locked(lock(workplace, index, *bounds)) == {"web": "2.0", "wire": "1.5", "checker": "3.0"}
    assert lock(workplace, index, *bounds).document["locks"][0]["fresh"]
    assert not lock(workplace, index, "--json").document["locks"][0]["fresh"]


def test_a_constraints_file_that_is_nonsense_is_named_with_its_line(workplace: Workplace, index: IndexServer) -> None:
    workplace.write("wire<1.6\nthis is none\n", "bounds.txt")
    done = lock(workplace, index, "-c", str(workplace.project / "bounds.txt"), "--json")
    assert done.code == 1 or done.code == 2
    assert "bounds.txt:2" in done.document["error"]["message"]


def test_an_override_stands_in_the_lock_and_is_told_every_time(workplace: Workplace, index: IndexServer) -> None:
    workplace.write(PYPROJECT + '\n[tool.accelinstall]\noverrides = ["wire==1.5"]\n')
    warning = "requirements on `wire` are overridden by `wire==1.5`"
    for _ in range(2):
        done = lock(workplace, index)
        assert done.code == 0, done.err
        assert f"warning: {warning}" in done.err
        assert own_table(workplace)["overridden"] == [warning]


def test_a_requirements_file_with_hashes_locks_the_listed_file(
    workplace: Workplace, index: IndexServer, tmp_path: Path
) -> None:
    listed = hashlib.sha256((tmp_path / "wheels" / "web-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    workplace.write(f"web>=1 --hash=sha256:{listed}\n", "requirements.txt")
    done = lock(workplace, index, "-r", str(workplace.project / "requirements.txt"), "--json")
    assert locked(done) == {"web": "1.0"}


def test_required_hashes_are_wanted_of_every_line_and_of_what_they_need(
    workplace: Workplace, index: IndexServer, tmp_path: Path
) -> None:
    def line(name: str, version: str) -> str:
        content = (tmp_path / "wheels" / f"{name}-{version}-py3-none-any.whl").read_bytes()
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"

    def attempt(text: str) -> Outcome:
        workplace.write(text, "requirements.txt")
        return lock(workplace, index, "-r", str(workplace.project / "requirements.txt"), "--json")

    error = attempt("--require-hashes\nweb==2.0\n").document["error"]
    assert error["code"] == "invalid-project" and "requirements.txt:2: `web` lists no hash" in error["message"]
    # Locked without the option, it is not fresh with it.
    assert locked(attempt(line("web", "2.0"))) == {"web": "2.0", "wire": "1.5"}
    error = attempt("--require-hashes\n" + line("web", "2.0")).document["error"]
    assert (error["code"], error["hint"].partition("add ")[2]) == ("hash-missing", line("wire", "1.5").strip())
    both = "--require-hashes\n" + line("web", "2.0") + line("wire", "1.5")
    assert locked(attempt(both)) == {"web": "2.0", "wire": "1.5"}


def test_required_hashes_are_wanted_of_what_an_address_in_metadata_names_too(
    workplace: Workplace, index: IndexServer, tmp_path: Path
) -> None:
    other = make_wheel(tmp_path / "new", "other", "1.0")
    address = index.url + index.file_path(other.name)
    top = make_wheel(tmp_path / "new", "top", "1.0", requires=[f"other @ {address}"])
    index.add(other)
    index.add(top)
    digest = hashlib.sha256(other.read_bytes()).hexdigest()

    def attempt(line: str) -> Outcome:
        known = f"--require-hashes\ntop==1.0 --hash=sha256:{hashlib.sha256(top.read_bytes()).hexdigest()}\n"
        workplace.write(known + line, "requirements.txt")
        return lock(workplace, index, "-r", str(workplace.project / "requirements.txt"), "--json")

    error = attempt("").document["error"]
    assert (error["code"], error["hint"].partition("add ")[2]) == ("hash-missing", f"other==1.0 --hash=sha256:{digest}")
    for line in (f"other==1.0 --hash=sha256:{digest}", f"{address}#sha256={digest.upper()}&egg=other"):
        assert locked(attempt(line)) == {"top": "1.0", "other": "1.0"}
    assert attempt(f"other @ {address}#sha256=").document["error"]["code"] == "invalid-project"


def test_a_listed_hash_is_checked_where_the_index_tells_none(
    workplace: Workplace, index: IndexServer, tmp_path: Path
) -> None:
    index.add(make_wheel(tmp_path / "new", "bare", "1.0"), sha256="")
    workplace.write("bare==1.0 --hash=sha256:" + "0" * 64 + "\n", "requirements.txt")
    done = lock(workplace, index, "-r", str(workplace.project / "requirements.txt"), "--json")
    error = done.document["error"]
    assert (done.code, error["code"]) == (1, "hash-not-listed")
    assert "requirements.txt:1: bare-1.0-py3-none-any.whl has the sha256 " in error["message"]
