"""QR codes for terminals."""

from __future__ import annotations

import io

import qrcode


def qr_text(content: str) -> str:
    """Return a QR code (ISO/IEC 18004) drawn with block characters, dark on light."""
    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(content)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=True)
    return drawn.getvalue()
