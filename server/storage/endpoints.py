"""Where objects may be kept: in the region, and nowhere else (D-54).

A folder is on a machine of the centre. An object store behind a network address is taken when the
address lies in a private network (RFC 1918, RFC 4193) or on this machine, when its host is a bare
name of the local network, or when it is one that the operator has named as standing in the region;
every other one is refused before a byte leaves.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from server.storage.errors import StorageError

_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_LOCAL_SCHEMES = frozenset({"file", "memory"})
_PUBLIC_HOSTS = {
    "s3": "amazonaws.com",
    "s3a": "amazonaws.com",
    "gs": "googleapis.com",
    "az": "blob.core.windows.net",
}
_READS_AWS = frozenset({"s3", "s3a"})  # the others go to their public host all the same


class ForeignEndpointError(StorageError):
    """The address of an object store is not one of the region."""


def endpoint_host(url: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the host that the objects of a store's URL would go to; "" for a folder.

    The endpoint stands in the URL (`?endpoint=https://…`) or in the usual environment.
    """
    environ = os.environ if environ is None else environ
    parts = urlsplit(url)
    if parts.scheme in _LOCAL_SCHEMES:
        return ""
    named = parse_qs(parts.query).get("endpoint", [""])[0]
    variables = _ENDPOINT_VARIABLES if parts.scheme in _READS_AWS else ()
    endpoint = named or next((environ[name] for name in variables if name in environ), "")
    if endpoint:
        return urlsplit(endpoint).hostname or endpoint
    return _PUBLIC_HOSTS.get(parts.scheme, parts.hostname or parts.scheme)


def check_endpoint(
    url: str, allowed: tuple[str, ...] = (), environ: Mapping[str, str] | None = None
) -> None:
    """Refuse a store outside the region. Raises ForeignEndpointError.

    `allowed` are host names (with all below them) and networks that stand in the region.
    """
    host = endpoint_host(url, environ).lower().rstrip(".")
    address = _address(host)
    bare_name = address is None and "." not in host
    if bare_name or any(_covers(one, host) for one in allowed):
        return
    if address is not None and (address.is_private or address.is_loopback):
        return
    raise ForeignEndpointError(
        f"对象存储 {host} 不在本地区；确在本地区的，请写入 YINGYUN_STORAGE_ENDPOINTS / "
        f"the object store {host} is not one of this region; "
        "name it in YINGYUN_STORAGE_ENDPOINTS if it is"
    )


def _covers(allowed: str, host: str) -> bool:
    if "/" in allowed:
        address = _address(host)
        return address is not None and address in ipaddress.ip_network(allowed)
    name = allowed.lower().strip(".")
    return host == name or host.endswith(f".{name}")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
