"""TLS for who is called (PS3.15 B.12, BCP 195 / RFC 9325): both sides show a certificate."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

# Forward secrecy and authenticated encryption alone (RFC 9325 4.2); TLS 1.3 has no others.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"


@dataclass(frozen=True)
class TlsFiles:
    """Our certificate and key, and the authorities whose certificates callers show."""

    certificate: Path
    key: Path
    authorities: Path

    def context(self) -> ssl.SSLContext:
        """Return what a server needs. Raises OSError (ssl.SSLError) for unusable files."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CIPHERS)
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(cafile=self.authorities)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


def tls_files(
    certificate: Path | None, key: Path | None, authorities: Path | None
) -> TlsFiles | None:
    """Return the files of TLS; None unless all three are named."""
    if certificate is None or key is None or authorities is None:
        return None
    return TlsFiles(certificate, key, authorities)
