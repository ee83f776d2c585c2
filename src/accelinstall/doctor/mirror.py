"""Whether the index that pip's configuration names has the JSON pages that Poetry wants of whatever stands for PyPI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall.errors import AccelinstallError

if TYPE_CHECKING:
    from accelinstall.index import PipConfiguration

_JSON = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
# One small page, for a remark: nobody waits for that.
_PATIENCE = 3.0


def index_without_json(pip: PipConfiguration, name: str, *, environ: Mapping[str, str]) -> str:
    """pip's ``index-url`` when its page of the project *name* is HTML whatever was asked for, else empty.

    Costs one request, 3 s at most; an index that does not answer, or does not know *name*, tells nothing.
    """
    from accelinstall.net import HttpClient
    from accelinstall.net.retries import RetryPolicy

    url = pip.index_url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        return ""
    with HttpClient(
        timeout=_PATIENCE,
        cert=pip.cert,
        client_cert=pip.client_cert,
        proxy=pip.proxy,
        trusted_hosts=pip.trusted_hosts,
        credentials=pip.credentials,
        keyring=False,
        retries=RetryPolicy(attempts=1),
        environ=environ,
    ) as http:
        try:
            answer = http.get(f"{url}/{name}/", headers={"Accept": _JSON})
        except AccelinstallError:
            return ""
    return "" if "json" in answer.headers.get("content-type", "") else url
