"""The picture that a reader saves has the bar of its colours burnt in (B-35, C-23)."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.view.reading import command, open_viewer, state_of
from tests.view.site import Site
from viewer_py.pixels.color_maps import colors_of


@pytest.mark.requirement("B-35", "C-23")
def test_the_bar_of_colours_is_in_the_saved_picture(desktop: Page, site: Site) -> None:
    open_viewer(desktop, site, "renderer=numpy")
    command(desktop, "image.color_map", name="hot_iron")
    command(desktop, "annotation.list")
    with desktop.expect_download() as started:
        desktop.locator("[data-export='png']").click()
    picture = np.asarray(Image.open(started.value.path()).convert("RGB")).astype(int)
    canvas = state_of(desktop)["canvas"]
    tall = min(canvas["height"] * 0.46, 340) - 36  # less the words at its ends
    # The ramp lies 34 CSS pixels from the right edge and is 14 wide; this is its middle.
    column = picture[:, round(canvas["width"] - 41)]
    middle = canvas["height"] / 2
    table = colors_of("hot_iron").astype(int)
    for share in (0.02, 0.25, 0.5, 0.75, 0.98):  # of the values, from the lowest
        row = round(middle + tall / 2 - share * tall)
        assert np.abs(column[row] - table[round(share * 255)]).max() <= 10, share
    command(desktop, "image.color_map", name="")
    with desktop.expect_download() as started:
        desktop.locator("[data-export='png']").click()
    bare = np.asarray(Image.open(started.value.path()).convert("RGB")).astype(int)
    drawn = bare[round(middle - tall / 4), round(canvas["width"] - 41)]
    assert np.abs(drawn - table[191]).max() > 40
