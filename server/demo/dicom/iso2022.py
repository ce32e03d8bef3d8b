"""Chinese text with code extensions, ISO 2022 IR 58 (PS3.3 C.12.1.1.2, PS3.5 K).

pydicom reads it but writes no escape sequences for it, so the demo writes them itself.
"""

from __future__ import annotations

import re

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

CHARACTER_SET = "ISO 2022 IR 58"
_ESCAPE = b"\x1b$)A"
_TEXT = {"LO", "LT", "PN", "SH", "ST", "UT"}


def encode(text: str) -> bytes:
    """Return the text in GB 2312 with its escape; every delimiter ends what an escape began."""
    pieces = re.split(r"([\\^=])", text)
    return b"".join(
        piece.encode() if piece.isascii() else _ESCAPE + piece.encode("gb2312") for piece in pieces
    )


def encode_dataset(dataset: Dataset) -> None:
    """Replace the Chinese text of the top level by its bytes, ready to be written."""
    for element in list(dataset):
        if element.VR not in _TEXT:
            continue
        values = element.value if element.VM > 1 else [element.value]
        text = "\\".join(str(value) for value in values)
        if text.isascii():
            continue
        data = encode(text)
        data += b" " * (len(data) % 2)
        dataset[element.tag] = RawDataElement(
            element.tag, element.VR, len(data), data, 0, False, True
        )
