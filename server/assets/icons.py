"""One SVG sprite of the icons that the pages use (`icons.json`, names of the Tabler set).

A page shows one with `<svg class="icon"><use href="{{ asset('icons.svg') }}#zoom-in"/></svg>`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from server.assets.archives import package_members
from server.assets.errors import AssetError

ICONS_PATH = Path(__file__).with_name("icons.json")
_SVG = "{http://www.w3.org/2000/svg}"
_NAME = re.compile(r"[a-z0-9-]+")
_STROKE = (
    'fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round"'
)


def icon_names(path: Path = ICONS_PATH) -> list[str]:
    """Read the list of icons. Raises AssetError when one is listed twice or misspelt."""
    names: list[str] = json.loads(path.read_text())
    wrong = sorted({name for name in names if names.count(name) > 1 or not _NAME.fullmatch(name)})
    if wrong:
        raise AssetError(f"icons.json: listed twice or misspelt: {', '.join(wrong)}")
    return names


def sprite(package: bytes, names: list[str]) -> bytes:
    """Return the sprite: one `<symbol>` an icon, its id the icon's name, 24×24 units.

    `package` is the verified tarball of the icon set. Raises DownloadError when it lacks an icon.
    """
    paths = {name: f"icons/outline/{name}.svg" for name in names}
    files = package_members(package, paths.values())
    symbols = [_symbol(name, files[paths[name]]) for name in sorted(names)]
    head = '<svg xmlns="http://www.w3.org/2000/svg">'
    return "\n".join([head, *symbols, "</svg>", ""]).encode()


def _symbol(name: str, source: bytes) -> str:
    root = ElementTree.fromstring(source)  # noqa: S314 - verified bytes of a pinned package
    shapes = "".join(_shape(element) for element in root if element.get("stroke") != "none")
    return f'<symbol id="{name}" viewBox="0 0 24 24" {_STROKE}>{shapes}</symbol>'


def _shape(element: ElementTree.Element) -> str:
    tag = element.tag.removeprefix(_SVG)
    attributes = "".join(f' {key}="{value}"' for key, value in element.attrib.items())
    return f"<{tag}{attributes}/>"
