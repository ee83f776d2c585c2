"""What must not leave a machine with its record: serial numbers, UUIDs, names and addresses.

Numbers that tell one device or container from another become short hashes, the same each time, so that a record still
shows which things are one; names and addresses become words.  Nothing else is changed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable

# Accounts that images and boards come with name nobody; replaced they would only harm what a probe reads.
_IMPERSONAL = frozenset(
    {"root", "user", "admin", "administrator", "ubuntu", "debian", "nvidia", "jetson", "amd", "intel", "apple", "pi"}
    | {"docker", "runner", "jenkins", "localhost", "linux", "home", "host", "node", "gpu", "cuda", "default", "name"}
)

_UUID = re.compile(r"\b[0-9a-f]{8}([-_])[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)
# rocminfo's UUIDs are 16 digits; container ids 64, short ones 12 and never alone.
_DEVICE_ID = re.compile(r"(?<=\bGPU-)[0-9a-f]{16}\b|(?<![0-9a-z])[0-9a-f]{32,64}(?![0-9a-z])", re.IGNORECASE)
_CHIP_SERIAL = re.compile(r"(?<=^unique_id )[1-9]\d*$", re.MULTILINE)
# What people call their services; a container engine's mark, which tells that this is a container, stays.
_UNIT = re.compile(
    r"(?<=/)(?!(?:docker|crio|cri-containerd|containerd|libpod|podman|lxc|init|session|user|systemd)\b)"
    r"[^/\s.]+(?=\.(?:service|scope)(?:/|$))",
    re.MULTILINE,
)
_SERIAL = re.compile(r"(?im)^(\s*(?:board )?serial(?: number)?\s*:[ \t]*)(?!redacted)\S.*$")
_MAC = re.compile(r"(?<![0-9a-f:])(?!00:00:00:00:00:00)(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![0-9a-f:])", re.IGNORECASE)


class Redactor:
    """Replaces what identifies a machine or its people, always the same thing by the same word.

    :param names: private words, such as the names of host and user -> what stands for them.
    """

    def __init__(self, names: Iterable[tuple[str, str]] = ()) -> None:
        private = [(name, word) for name, word in names if len(name) > 2 and name.lower() not in _IMPERSONAL]
        self._names = [(re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])"), word) for name, word in private]
        self._counts: Counter[str] = Counter()
        self._originals: dict[str, str] = {}

    def redact(self, text: str) -> str:
        """*text* without anything that identifies; doing it twice changes nothing."""
        text = self._hash(_UUID, text, "UUIDs became hashes", _short_hash)
        text = self._hash(_DEVICE_ID, text, "device and container ids became hashes", _short_hash)
        text = self._hash(_UNIT, text, "names of services became hashes", _short_hash)
        text = self._hash(_CHIP_SERIAL, text, "chip serial numbers became hashes", _numeric_hash)
        text = self._blank(_SERIAL, text, "serial numbers were left out", r"\1redacted")
        text = self._blank(_MAC, text, "MAC addresses were left out", "00:00:00:00:00:00")
        for pattern, word in self._names:
            for name in set(pattern.findall(text)):
                self._originals[word] = name
            text = self._blank(pattern, text, "names of host or user were replaced", word)
        return text

    def reveal(self, text: str) -> str:
        """*text* as the machine knows it: redacted words back to what they stand for."""
        for word, original in self._originals.items():
            text = text.replace(word, original)
        return text

    def note(self, what: str) -> None:
        """Count something else that was left out."""
        self._counts[what] += 1

    @property
    def left_out(self) -> tuple[str, ...]:
        """One sentence for each kind of thing that was replaced, with how often."""
        return tuple(f"{count} {what}" for what, count in sorted(self._counts.items()))

    def _hash(self, pattern: re.Pattern[str], text: str, what: str, hashed: Callable[[str], str]) -> str:
        def replaced(match: re.Match[str]) -> str:
            if match[0] in self._originals:
                return match[0]  # A hash of ours.
            self._counts[what] += 1
            word = hashed(match[0])
            self._originals[word] = match[0]
            return word

        return pattern.sub(replaced, text)

    def _blank(self, pattern: re.Pattern[str], text: str, what: str, word: str) -> str:
        text, count = pattern.subn(word, text)
        if count:
            self._counts[what] += count
        return text


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.lower().encode()).hexdigest()[:12]


def _numeric_hash(text: str) -> str:
    return str(int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) or 1)
