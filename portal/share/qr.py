"""The share link as a QR code for pages: a PNG or SVG within the page."""

from __future__ import annotations

import base64
import io

import qrcode
import qrcode.image.svg

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


def qr_svg(content: str) -> bytes:
    """Return the same QR code as SVG 1.1, for print: sharp at every size."""
    code = qrcode.QRCode(
        border=_QUIET_ZONE,
        error_correction=qrcode.constants.ERROR_CORRECT_M,
        image_factory=qrcode.image.svg.SvgPathFillImage,
    )
    code.add_data(content)
    drawn = io.BytesIO()
    code.make_image().save(drawn)
    return drawn.getvalue()


def data_address(picture: bytes, media_type: str = "image/png") -> str:
    """Return a picture as `data:` address; so the secret in it has no address of its own."""
    return f"data:{media_type};base64," + base64.b64encode(picture).decode("ascii")
