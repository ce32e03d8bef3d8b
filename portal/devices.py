"""What to call a device, from what its browser says of itself: enough to recognise one's own."""

from __future__ import annotations

from flask_babel import gettext as _

# The first that fits counts: WeChat is inside Android, Android says Linux.
SYSTEMS = (
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def _first(agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for sign, name in names if sign in agent), "")


def device_name(agent: str) -> str:
    """Return system and browser of a user agent string, for example "iPhone · Safari"."""
    parts = [_first(agent, SYSTEMS), _first(agent, BROWSERS)]
    return " · ".join(part for part in parts if part) or str(_("未知设备"))
