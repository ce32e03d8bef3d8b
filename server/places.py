"""Where someone comes from, as far as the site itself knows: inside a hospital's network or not."""

from __future__ import annotations

import enum
import ipaddress

from server.settings import Network, Settings


class Place(enum.StrEnum):
    """A coarse place. No other is known: nobody is asked where an address lies."""

    UNKNOWN = ""
    INSIDE = "inside"
    OUTSIDE = "outside"


def place_of(settings: Settings, source: str) -> Place:
    """Return the place of an address; unknown where no networks are set (YINGYUN_HOSPITAL_NETWORKS)
    or the source is no address."""
    if not settings.hospital_networks:
        return Place.UNKNOWN
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return Place.UNKNOWN
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    inside = any(_holds(network, address) for network in settings.hospital_networks)
    return Place.INSIDE if inside else Place.OUTSIDE


def _holds(network: Network, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.version == network.version and address in network
