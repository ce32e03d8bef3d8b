"""What the service says of itself: its capabilities, and its part of the conformance statement.

Both are made from the tables by which the service works, so that they cannot say anything else.
"""

from __future__ import annotations

from typing import Any

from server.clients import Scope
from server.dicom_index import Level, attributes_of, matching_keys
from server.dicomweb.frames import STORED_TYPES
from server.dicomweb.media_types import DICOM, DICOM_JSON, OCTETS
from server.dicomweb.rendering import TYPES
from server.dicomweb.searching import MOST_LIMIT, USUAL_LIMIT

_QUERIES = {
    Level.STUDY: ("/studies",),
    Level.SERIES: ("/series", "/studies/{study}/series"),
    Level.INSTANCE: (
        "/instances",
        "/studies/{study}/instances",
        "/studies/{study}/series/{series}/instances",
    ),
}
_STUDY, _SERIES = "/studies/{study}", "/studies/{study}/series/{series}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"
_LEVELS = (_STUDY, _SERIES, _INSTANCE)
_FRAMES = f"{_INSTANCE}/frames/{{frames}}"


def transactions() -> list[dict[str, Any]]:
    """Return every transaction: its name, method, addresses, media types and scope."""
    rendered = (*_LEVELS, _FRAMES)
    return [
        _transaction(
            "QIDO-RS", "GET", [url for urls in _QUERIES.values() for url in urls], [DICOM_JSON]
        ),
        _transaction("WADO-RS", "GET", _LEVELS, [DICOM]),
        _transaction(
            "WADO-RS metadata", "GET", [f"{one}/metadata" for one in _LEVELS], [DICOM_JSON]
        ),
        _transaction(
            "WADO-RS frames", "GET", [_FRAMES], [OCTETS, *sorted(set(STORED_TYPES.values()))]
        ),
        _transaction("WADO-RS bulk data", "GET", [f"{_INSTANCE}/bulkdata/{{path}}"], [OCTETS]),
        _transaction("WADO-RS rendered", "GET", [f"{one}/rendered" for one in rendered], TYPES),
        _transaction("WADO-RS thumbnail", "GET", [f"{one}/thumbnail" for one in rendered], TYPES),
        _transaction("STOW-RS", "POST", ["/studies", _STUDY], [DICOM], Scope.DICOMWEB_STORE),
    ]


def _transaction(
    name: str, method: str, urls: Any, types: Any, scope: Scope = Scope.DICOMWEB_READ
) -> dict[str, Any]:
    return {
        "name": name,
        "method": method,
        "addresses": list(urls),
        "mediaTypes": list(types),
        "scope": str(scope),
    }


def capabilities(base_url: str) -> dict[str, Any]:
    """Return what a caller is told of the service at `base_url` (PS3.18 8.9)."""
    return {
        "service": "Yingyun 影云 DICOMweb",
        "standard": "DICOM PS3.18",
        "base": base_url,
        "authorization": "OAuth 2.0 client credentials, bearer token (RFC 6749, RFC 6750)",
        "transactions": transactions(),
        "search": {
            "keys": {str(level): sorted(matching_keys(level)) for level in Level},
            "returned": {str(level): [one.path for one in attributes_of(level)] for level in Level},
            "fuzzymatching": False,
            "usualLimit": USUAL_LIMIT,
            "mostLimit": MOST_LIMIT,
        },
    }
