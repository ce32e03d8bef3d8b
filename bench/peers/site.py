"""The peer's site as WSGI: its code compressed beforehand as ours is, the DICOM files as they are.

gunicorn serves it, as it serves the product.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

CODE = Path(os.environ.get("BENCH_PEER_CODE", "."))
SERIES = Path(os.environ.get("BENCH_PEER_SERIES", "."))
SERIES_PREFIX = "/series/"
CHUNK = 1 << 16

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    path = environ["PATH_INFO"]
    image = path.startswith(SERIES_PREFIX)
    file = SERIES / path.removeprefix(SERIES_PREFIX) if image else CODE / (path[1:] or "index.html")
    if ".." in path or not file.is_file():
        start_response("404 Not Found", [("Content-Length", "0")])
        return []
    headers = [("Content-Type", mimetypes.guess_type(path)[0] or "application/octet-stream")]
    # Images of a patient stay in no cache; code with a hash in its name may stay for ever.
    kept = "no-store" if image else "public, max-age=31536000, immutable"
    headers += [("Cache-Control", kept if file.suffix != ".html" else "no-cache")]
    packed = file.with_name(f"{file.name}.br")
    if packed.exists() and "br" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        file = packed
        headers += [("Content-Encoding", "br")]
    headers += [("Content-Length", str(file.stat().st_size))]
    start_response("200 OK", headers)
    return environ["wsgi.file_wrapper"](file.open("rb"), CHUNK)
