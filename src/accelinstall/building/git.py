"""Git repositories: which commit a name means, and its files; each repository is kept once as a bare copy."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote

from accelinstall import fs
from accelinstall.building.cache import REPOSITORIES
from accelinstall.building.errors import GitFailed
from accelinstall.building.processes import Processes, TimeIsUp
from accelinstall.values import dataclass

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SCHEMES = ("https", "http", "ssh", "file", "git")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitAddress:
    """``git+https://host/repository.git@revision#subdirectory=python``, taken apart.

    :ivar url: of the repository; ``revision`` a branch, a tag, a commit or empty.
    """

    url: str
    revision: str = ""
    subdirectory: str = ""


def parse_git_address(url: str) -> GitAddress | None:
    """The parts of *url*; ``None`` when it is none of Git's that pip knows."""
    # By hand: urllib drops the empty host of `git+file:///`.
    address, _, fragment = url.partition("#")
    scheme, _, rest = address.partition("://")
    kind, plus, transport = scheme.partition("+")
    if kind != "git" or not plus or transport not in _SCHEMES or not rest:
        return None
    host, slash, path = rest.partition("/")
    path, at, revision = path.rpartition("@") if "@" in path else (path, "", "")
    subdirectory = (parse_qs(fragment).get("subdirectory") or [""])[0]
    return GitAddress(
        url=f"{transport}://{host}{slash}{path}", revision=unquote(revision) if at else "", subdirectory=subdirectory
    )


class Repositories:
    """Repositories below a cache folder.

    :param offline: take what is there already, ask nobody.
    """

    def __init__(
        self, cache_directory: str, *, processes: Processes, environ: Mapping[str, str], offline: bool = False
    ) -> None:
        self._root = os.path.join(cache_directory, REPOSITORIES)
        self._processes, self._offline = processes, offline
        # No question ever reaches a terminal: whoever needs a login has it in a credential helper, netrc or agent.
        self._environ = {
            **{name: value for name, value in environ.items() if not name.startswith("GIT_") or name in _KEPT},
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_SSH_COMMAND": environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
            "LC_ALL": "C",
        }
        self._fetched: set[str] = set()

    def commit_of(self, address: GitAddress, *, package: str) -> str:
        """The commit *address* means now; a full commit that is here already asks nobody.

        :raises GitFailed: when the repository cannot be read or has nothing of that name.
        """
        self._ensure_known(address, package)
        revision = address.revision
        if _COMMIT.fullmatch(revision) and self._has(address, revision):
            return revision
        self._fetch(address, package)
        names = [f"refs/tags/{revision}", f"refs/heads/{revision}", revision] if revision else ["HEAD"]
        for name in names:
            found = self._said(address, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            if _COMMIT.fullmatch(found):
                return found
        raise self._failed(address, package, f"it has no branch, tag or commit `{revision}`")

    def checkout(self, address: GitAddress, commit: str, folder: str, *, package: str) -> None:
        """Lays out the files of *commit* in *folder*, submodules included, with the history builds ask for versions.

        :raises GitFailed: when that cannot be done.
        """
        self._ensure_known(address, package)
        if not self._has(address, commit):
            self._fetch(address, package, commit=commit)
        bare = self._place(address)
        clone = ("clone", "--quiet", "--no-checkout", "--local", bare, folder)
        self._git(address, package, *clone, cwd=self._root)
        # What stands in the repository means its own address, as for relative submodules.
        self._git(address, package, "remote", "set-url", "origin", address.url, cwd=folder)
        self._git(address, package, "checkout", "--quiet", "--detach", commit, cwd=folder)
        if os.path.exists(os.path.join(folder, ".gitmodules")):
            self._git(address, package, "submodule", "update", "--quiet", "--init", "--recursive", cwd=folder)

    def _ensure_known(self, address: GitAddress, package: str) -> None:
        """Locks of other tools may name any address, also one that makes Git start a program."""
        if address.url.partition("://")[0] not in _SCHEMES:
            raise self._failed(address, package, f"only {', '.join(_SCHEMES)} addresses are read")

    def _place(self, address: GitAddress) -> str:
        return os.path.join(self._root, hashlib.sha256(address.url.encode()).hexdigest()[:32])

    def _has(self, address: GitAddress, commit: str) -> bool:
        bare = self._place(address)
        return os.path.isdir(bare) and self._status(bare, "cat-file", "-e", f"{commit}^{{commit}}") == 0

    def _fetch(self, address: GitAddress, package: str, *, commit: str = "") -> None:
        """Brings everything new, once for each repository; *commit* too where no branch leads to it."""
        bare = self._place(address)
        if self._offline and not address.url.startswith("file:"):
            if os.path.isdir(bare) and not commit:
                return
            raise self._failed(address, package, "it is not in the cache, and the network may not be asked")
        os.makedirs(self._root, exist_ok=True)
        with fs.directory_lock(f"{bare}.lock"):
            if address.url not in self._fetched:
                self._mirror(address, package, bare)
                self._fetched.add(address.url)
            if commit and not self._has(address, commit):
                self._git(address, package, "fetch", "--quiet", "--", address.url, commit, cwd=bare)

    def _mirror(self, address: GitAddress, package: str, bare: str) -> None:
        if not os.path.isdir(bare):
            fresh = tempfile.mkdtemp(prefix="clone-", dir=self._root)
            try:
                self._git(address, package, "clone", "--quiet", "--mirror", "--", address.url, fresh, cwd=self._root)
                os.rename(fresh, bare)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
            return
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "+HEAD:refs/accelinstall/head")
        self._git(address, package, "fetch", "--quiet", "--prune", "--force", "--", address.url, *refs, cwd=bare)
        self._status(bare, "symbolic-ref", "HEAD", "refs/accelinstall/head")

    def _git(self, address: GitAddress, package: str, *arguments: str, cwd: str) -> None:
        with tempfile.TemporaryDirectory(prefix="git-") as place:
            log = os.path.join(place, "log")
            try:
                status = self._processes.run(["git", *_SAFE, *arguments], cwd=cwd, environ=self._environ, log=log)
            except FileNotFoundError:
                raise self._failed(address, package, "there is no `git`", hint="install Git") from None
            except TimeIsUp:
                raise self._failed(address, package, f"git took longer than {self._processes.timeout:.0f} s") from None
            if status:
                raise self._failed(address, package, _last_line(log))

    def _status(self, bare: str, *arguments: str) -> int:
        with tempfile.TemporaryDirectory(prefix="git-") as place:
            log = os.path.join(place, "log")
            try:
                return self._processes.run(["git", *_SAFE, *arguments], cwd=bare, environ=self._environ, log=log)
            except (FileNotFoundError, TimeIsUp):
                return 127

    def _said(self, address: GitAddress, *arguments: str) -> str:
        with tempfile.TemporaryDirectory(prefix="git-") as place:
            log = os.path.join(place, "log")
            bare = self._place(address)
            status = self._processes.run(["git", *_SAFE, *arguments], cwd=bare, environ=self._environ, log=log)
            with open(log, encoding="utf-8", errors="replace") as stream:
                return stream.read().strip() if status == 0 else ""

    @staticmethod
    def _failed(address: GitAddress, package: str, reason: str, *, hint: str = "") -> GitFailed:
        hint = hint or f"git ls-remote {address.url}"
        return GitFailed(package=package, repository=address.url, reason=reason, hint=hint)


_KEPT = frozenset(("GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY", "GIT_PROXY_COMMAND", "GIT_CONFIG_GLOBAL"))
# Hooks of a repository never run, and no address may start a program.
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "advice.detachedHead=false")


def _last_line(log: str) -> str:
    with open(log, encoding="utf-8", errors="replace") as stream:
        lines = [line.strip() for line in stream if line.strip()]
    said = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "git failed")
    return re.sub(r"(?<=://)[^/@\s]+(?=@)", "***", said.removeprefix("fatal: ").removeprefix("error: "))
