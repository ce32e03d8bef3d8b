"""What to call a device, from what its browser says of itself: enough to recognise one's own."""

from __future__ import annotations

from flask_babel import gettext as _

from server.accounts.devices import coarse_name


def device_name(agent: str) -> str:
    """Return system and browser of a user agent string, for example "iPhone · Safari"."""
    return coarse_name(agent) or str(_("未知设备"))
