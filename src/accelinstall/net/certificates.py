"""Which certificates are trusted, and which one is shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelinstall.net.errors import SetupUnreadable

if TYPE_CHECKING:
    import ssl

# In the order pip and requests ask them; OpenSSL itself reads SSL_CERT_FILE and SSL_CERT_DIR.
_VARIABLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def trust_file(cert: str, environ: Mapping[str, str]) -> str:
    """File or folder of trusted certificates: *cert*, else the environment's; empty for the system's own."""
    return cert or next((environ[name] for name in _VARIABLES if environ.get(name)), "")


def ssl_context(url: str, *, cert: str, client_cert: str, environ: Mapping[str, str], verify: bool) -> ssl.SSLContext:
    """A TLS context; made once and shared by all connections.

    :param client_cert: one PEM file with key and certificate, empty for none.
    :raises SetupUnreadable: naming the file that cannot be used; *url* is what was being read.
    """
    import ssl

    place = trust_file(cert, environ)
    try:
        if place and os.path.isdir(place):
            context = ssl.create_default_context(capath=place)
        else:
            context = ssl.create_default_context(cafile=place or None)
    except (OSError, ssl.SSLError) as error:
        reason = os.strerror(error.errno).lower() if error.errno and error.errno > 1 else "it holds no certificates"
        raise SetupUnreadable(
            url, f"the certificates `{place}` cannot be read: {reason}", hint="check PIP_CERT and pip's `cert`"
        ) from None
    if not place:
        _trust_certifi_if_empty(context)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client_cert:
        try:
            context.load_cert_chain(client_cert)
        except (OSError, ssl.SSLError):
            raise SetupUnreadable(
                url,
                f"the client certificate `{client_cert}` cannot be used",
                hint="it must be one PEM file with the private key and the certificate",
            ) from None
    return context


def _trust_certifi_if_empty(context: ssl.SSLContext) -> None:
    """Pythons from python.org on macOS come without certificates; pip's own set helps them out."""
    import ssl

    paths = ssl.get_default_verify_paths()
    if context.cert_store_stats()["x509_ca"] or (paths.capath and os.path.isdir(paths.capath)):
        return
    try:
        import certifi
    except ImportError:
        return
    context.load_verify_locations(certifi.where())
