"""The share link as a QR code for pages: a PNG within the page, which a long press can save."""

from __future__ import annotations

import base64
import io

import qrcode

_MODULE_PIXELS = 8
_QUIET_ZONE = 4  # modules, as ISO/IEC 18004 asks


def qr_png(content: str) -> bytes:
    """Return a QR code (ISO/IEC 18004, error correction M), dark on white, as PNG."""
    code = qrcode.QRCode(
        box_size=_MODULE_PIXELS,
        border=_QUIET_ZONE,
        error_correction=qrcode.constants.ERROR_CORRECT_M,
    )
    code.add_data(content)
    drawn = io.BytesIO()
    code.make_image().save(drawn)
    return drawn.getvalue()


def data_address(png: bytes) -> str:
    """Return a PNG as `data:` address; so the secret in it has no address of its own."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
