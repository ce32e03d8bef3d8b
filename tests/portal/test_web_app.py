"""The manifest of the installed app: complete, the same for everyone, its icons what they say."""

from __future__ import annotations

import io
import json
import re
from typing import Any

from flask import Flask
from PIL import Image

from portal.static_files import static_folder
from server.cloud import ImageCloud
from tests.factories import SignInFacts
from tests.visitor import Visitor

LINK = re.compile(r'<link rel="manifest" href="([^"]+)">')


def manifest(visitor: Visitor) -> dict[str, Any]:
    visitor.get("/login")
    found = LINK.search(visitor.text)
    assert found is not None
    answer = visitor.client.get(found[1])
    assert answer.content_type == "application/manifest+json"
    facts: dict[str, Any] = json.loads(answer.data)
    return facts


def test_the_app_opens_by_itself_under_the_name_of_the_site(
    visitor: Visitor, cloud: ImageCloud
) -> None:
    facts = manifest(visitor)
    assert facts["name"] == facts["short_name"] == cloud.settings.site_name
    assert facts["display"] == "standalone"
    assert facts["start_url"].startswith(facts["scope"])
    assert visitor.get(facts["start_url"]).status_code == 200


def test_its_icons_are_there_in_the_sizes_told(visitor: Visitor) -> None:
    icons = manifest(visitor)["icons"]
    sizes = {(one["sizes"], one["purpose"]) for one in icons}
    assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= sizes
    for one in icons:
        answer = visitor.client.get(one["src"])
        assert answer.status_code == 200
        assert answer.content_type == one["type"]
        if one["type"] == "image/png":
            with Image.open(io.BytesIO(answer.data)) as picture:
                assert "{}x{}".format(*picture.size) == one["sizes"]


def test_a_mask_cuts_off_no_corner(visitor: Visitor) -> None:
    """A maskable icon fills its square: every corner is opaque."""
    [icon] = [one for one in manifest(visitor)["icons"] if one["purpose"] == "maskable"]
    with Image.open(io.BytesIO(visitor.client.get(icon["src"]).data)) as picture:
        solid = picture.convert("RGBA")
        edge = solid.width - 1
        corners = [solid.getpixel(at) for at in ((0, 0), (edge, 0), (0, edge), (edge, edge))]
    assert len(set(corners)) == 1
    assert corners[0][3] == 255  # type: ignore[index]


def test_its_colours_are_those_of_the_pages(app: Flask, visitor: Visitor) -> None:
    facts = manifest(visitor)
    assert f'<meta name="theme-color" content="{facts["theme_color"]}"' in visitor.text
    with app.test_request_context():
        tokens = (static_folder().path / "css/tokens.css").read_text(encoding="utf-8")
    assert f"--page: {facts['background_color']};" in tokens


def test_it_is_the_same_for_everyone(
    app: Flask, cloud: ImageCloud, patient: SignInFacts, visitor: Visitor
) -> None:
    person = Visitor(app).be(cloud, patient)
    person.get("/account")
    person.submit("/language", language="en")
    answers = [one.client.get("/app.webmanifest") for one in (visitor, person)]
    assert answers[0].data == answers[1].data
    assert all("Set-Cookie" not in one.headers for one in answers)
