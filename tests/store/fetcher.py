"""A process of its own that fetches: ``python -m tests.store.fetcher CACHE [URL SHA256 SIZE]...``; prints the roots."""

from __future__ import annotations

import json
import os
import sys

from accelinstall.model.lock import LockedPackage
from accelinstall.net import HttpClient
from accelinstall.store import Store


def main(root: str, *rows: str) -> None:
    packages = []
    for url, sha256, size in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        filename = os.path.basename(url)
        name, version = filename.split("-")[:2]
        packages.append(
            LockedPackage(name=name, version=version, filename=filename, sha256=sha256, url=url, size=int(size))
        )
    with HttpClient(environ={}, keyring=False) as http:
        # Parts are small so that wheels of a few megabytes are large ones.
        entries = Store(root, part=1 << 20, processes=lambda: 2).fetch(packages, http=http)
    print(json.dumps([entry.root for entry in entries.values()]))


if __name__ == "__main__":
    main(*sys.argv[1:])
