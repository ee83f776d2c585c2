"""Every fault of a network, alone and mixed: a wheel is installed right, or refused and right by the next run."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from accelinstall.errors import AccelinstallError
from accelinstall.installation import execute
from accelinstall.model.installation import Install, Interpreter, Replace, Step, Transaction
from accelinstall.model.lock import LockedPackage
from accelinstall.net import HttpClient
from accelinstall.net.retries import RetryPolicy
from accelinstall.store import Store
from accelinstall.store.transfer.pace import Pace, Sample
from accelinstall.testing import Fault, IndexServer, make_wheel
from tests.faults.kit import ROUNDS
from tests.installation.support import distribution, false_rows, inventory_of, lock_of
from tests.store.kit import leftovers, locked, noise, tree_of

INSTALLS = 1_000 if ROUNDS else 40
PART = 32 << 10


class Wide(Pace):
    """Two further connections from the first byte on, so that small files come in parts too."""

    def __init__(self) -> None:
        super().__init__()
        self.target = 2

    def decide(self, sample: Sample) -> int:
        return self.target


Make = Callable[[random.Random, IndexServer, LockedPackage], Fault]


def _somewhere(chance: random.Random, package: LockedPackage) -> int:
    return chance.randrange(1, package.size or 10_000)


def _other_content(chance: random.Random, package: LockedPackage) -> bytes:
    return chance.randbytes(package.size or 10_000)


FAULTS: dict[str, Make] = {
    "ignores ranges": lambda chance, server, package: Fault(ignore_ranges=True),
    "closes early": lambda chance, server, package: Fault(close_after=_somewhere(chance, package)),
    "closes at once": lambda chance, server, package: Fault(close_after=0),
    "hangs up": lambda chance, server, package: Fault(hang_up=True),
    "stalls": lambda chance, server, package: Fault(stall_after=_somewhere(chance, package), stall=5),
    "is slow to answer": lambda chance, server, package: Fault(delay=0.05),
    "sends a wrong Content-Range": lambda chance, server, package: Fault(
        only_ranged=True, content_range=f"bytes 5-{chance.randrange(6, 99)}/100"
    ),
    "sends no Content-Range": lambda chance, server, package: Fault(
        only_ranged=True, headers={"Content-Range": "nonsense"}
    ),
    "sends bytes from elsewhere": lambda chance, server, package: Fault(
        only_ranged=True, shift_range=-chance.randrange(1, 9)
    ),
    "asks to wait": lambda chance, server, package: Fault(status=429, headers={"Retry-After": "0"}),
    "is overloaded": lambda chance, server, package: Fault(status=503),
    "has a gateway that fails": lambda chance, server, package: Fault(status=502),
    "has an error of its own": lambda chance, server, package: Fault(status=500),
    "redirects": lambda chance, server, package: Fault(
        redirect=f"{server.url_for('localhost')}/moved/{package.filename}"
    ),
    "changes the file": lambda chance, server, package: Fault(
        only_ranged=True, content=_other_content(chance, package), headers={"ETag": '"another"'}
    ),
    "changes the file unseen": lambda chance, server, package: Fault(
        only_ranged=True, content=_other_content(chance, package), headers={"ETag": ""}
    ),
    "shortens the file": lambda chance, server, package: Fault(
        content=_other_content(chance, package)[: _somewhere(chance, package)]
    ),
    "sends an error page as the file": lambda chance, server, package: Fault(content=b"<html>502</html>" * 99),
    "drops the length": lambda chance, server, package: Fault(headers={"Content-Length": "", "Connection": "close"}),
}
LASTING = {"stalls"}  # each costs the client's patience: once is enough


class Site:
    """A server, a client and a store that give up quickly."""

    def __init__(self, root: Path, server: IndexServer, http: HttpClient) -> None:
        self.root, self.server, self.http = root, server, http
        self.store = Store(str(root / "cache"), retry_delay=0.001, pace=Wide, part=PART)

    def offer(
        self, name: str, version: str, size: int, seed: int, *, size_known: bool = True
    ) -> tuple[LockedPackage, dict[str, bytes]]:
        """A package, and the files that must be there once it is stored.

        How large its wheel is, and whether the lock says so, decides how it is fetched: whole into memory, unpacked
        while it arrives, or to the disk first.
        """
        files = {f"{name}/__init__.py": f"v = {version!r}\n".encode(), f"{name}/blob": noise(size, seed=seed)}
        path = make_wheel(self.root / "wheels", name, version, files=files)
        self.server.add(path)
        self.server.add_body(f"/moved/{path.name}", path.read_bytes(), content_type="application/octet-stream")
        return locked(path, self.server, size=size_known), files

    def fetch(self, package: LockedPackage, files: dict[str, bytes]) -> str:
        """Why it could not be stored, by its code; empty when it was, and then it is right."""
        try:
            entry = self.store.fetch([package], http=self.http)[package.sha256]
        except AccelinstallError as error:
            assert self.store.get(package.sha256) is None
            return error.code
        found = tree_of(entry.root)
        assert {path: found[path] for path in files} == files
        return ""

    def fetch_at_last(self, package: LockedPackage, files: dict[str, bytes]) -> None:
        """Store it from a server that has come to its senses, on top of whatever earlier runs have left."""
        self.server.clear_faults()
        assert self.fetch(package, files) == ""
        assert leftovers(self.root / "cache") == []


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    patience = RetryPolicy(attempts=3, backoff=0.001)
    with (
        IndexServer() as server,
        HttpClient(environ={}, keyring=False, timeout=0.25, retries=patience) as http,
    ):
        yield Site(tmp_path, server, http)


WAYS = {"into memory": (PART // 2, True), "to the disk": (200_000, False), "in one pass": (200_000, True)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("title", FAULTS)
def test_a_fault_that_passes_costs_nothing_but_time(site: Site, title: str, way: str) -> None:
    chance = random.Random(title)
    size, size_known = WAYS[way]
    package, files = site.offer("pack", "1.0", size, seed=1, size_known=size_known)
    path = site.server.file_path(package.filename)
    site.server.add_fault(path, replace(FAULTS[title](chance, site.server, package), times=1))
    # Slow enough for further connections to have something to do.
    site.server.add_fault(path, Fault(rate=20 * size))
    refused = site.fetch(package, files)
    # A whole answer of other bytes cannot be told from a file that was replaced for good.
    assert refused in ({"", "hash-mismatch"} if "file" in title else {""})
    site.fetch_at_last(package, files)


# A server that stalls for ever is given twelve seconds, with all of its parts: in chaos only.
LASTS = [(title, way) for title in FAULTS for way in WAYS if ROUNDS or (title, way) != ("stalls", "in one pass")]


@pytest.mark.parametrize(("title", "way"), LASTS)
def test_a_fault_that_lasts_is_survived_or_refused_and_never_installed(site: Site, title: str, way: str) -> None:
    chance = random.Random(title)
    size, size_known = WAYS[way]
    package, files = site.offer("pack", "1.0", size, seed=2, size_known=size_known)
    path = site.server.file_path(package.filename)
    site.server.add_fault(path, FAULTS[title](chance, site.server, package))
    site.server.add_fault(path, Fault(rate=20 * size))
    site.fetch(package, files)
    site.fetch_at_last(package, files)


def test_installs_under_mixed_faults_are_never_wrong_and_never_lost(
    site: Site, interpreter: Interpreter, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(20261125)
    names = sorted(FAULTS.keys() - LASTING)
    outcomes: Counter[str] = Counter()
    for number in range(INSTALLS):
        name = f"pack{number % 7}"
        size = chance.randrange(1, 150_000)
        package, files = site.offer(name, f"1.{number}", size, seed=number, size_known=number % 3 > 0)
        path = site.server.file_path(package.filename)
        chosen = chance.choices(names, k=chance.randrange(0, 5))
        if chance.random() < 0.02:
            chosen.append("stalls")
        for title in chosen:
            fault = FAULTS[title](chance, site.server, package)
            site.server.add_fault(path, replace(fault, times=chance.randrange(1, 4), after=chance.randrange(0, 3)))
        site.server.add_fault(path, Fault(rate=8e6))
        refused = site.fetch(package, files)
        outcomes[refused or "at the first attempt"] += 1
        if refused:
            site.fetch_at_last(package, files)
        site.server.clear_faults()
        install(site, interpreter, package)
        site.store.evict(package.sha256)
    assert sum(outcomes.values()) == INSTALLS
    if ROUNDS:
        with capsys.disabled():
            told = ", ".join(f"{count} {what}" for what, count in outcomes.most_common())
            print(f"\n{INSTALLS} installs under mixed faults, none wrong, none lost: {told}")


def install(site: Site, interpreter: Interpreter, package: LockedPackage) -> None:
    """Put the stored *package* into the environment, and look at what stands there."""
    inventory = inventory_of(interpreter)
    installed = inventory.get(package.name)
    step: Step = Replace(package=package, installed=installed) if installed else Install(package=package)
    kept = tuple(item for item in inventory.distributions if item.name != package.name)
    execute(
        Transaction(steps=(step,), kept=kept),
        entries=site.store.find([package]),
        interpreter=interpreter,
        lock=lock_of([package]),
    )
    assert distribution(interpreter, package.name).version == package.version
    assert false_rows(interpreter) == []
