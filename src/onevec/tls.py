"""TLS as some vendors need it: an authority of their own, or a client's certificate."""

from __future__ import annotations

import ssl

from .errors import ConfigurationError

__all__ = ["tls_context"]


def tls_context(
    ca_file: str | None = None,
    cert_file: str | None = None,
    key_file: str | None = None,
    password: str | None = None,
    *,
    verify: bool = True,
) -> ssl.SSLContext:
    """A context for `HttpTransport(verify=...)`.

    Args:
        ca_file: certificates of the authorities to trust, in place of the system's.
        cert_file: the client's certificate.
        key_file: its key, if that is not in `cert_file`.
        password: of the key.
        verify: False trusts any certificate.

    Raises:
        ConfigurationError: a file can't be read.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if cert_file:
            context.load_cert_chain(cert_file, key_file, password)
    except OSError as error:  # ssl.SSLError is one
        names = ", ".join(name for name in (ca_file, cert_file, key_file) if name)
        message = f"the certificates can't be read from {names}: {error}"
        raise ConfigurationError(message) from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
