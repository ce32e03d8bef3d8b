"""The sprite holds every icon that is listed, once."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from server.assets.catalog import AssetCatalog
from server.assets.errors import AssetError
from server.assets.icons import icon_names

SYMBOL = "{http://www.w3.org/2000/svg}symbol"


def test_sprite_has_each_listed_icon_and_it_draws_something(built_assets: Path) -> None:
    sprite = AssetCatalog(built_assets).find("icons.svg").path.read_text()
    symbols = ElementTree.fromstring(sprite).findall(SYMBOL)
    assert [symbol.get("id") for symbol in symbols] == sorted(icon_names())
    assert all(len(symbol) > 0 for symbol in symbols)


@pytest.mark.parametrize("names", [["eye", "eye"], ["Eye"], ['eye"><script>']])
def test_wrong_list_is_refused(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "icons.json"
    path.write_text(json.dumps(names))
    with pytest.raises(AssetError):
        icon_names(path)
