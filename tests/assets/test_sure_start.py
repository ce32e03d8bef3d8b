"""Where the snapshot cannot be used, Python starts without it, in the same worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.assets.conftest import ROOT
from tests.assets.site import Site
from tests.assets.test_browser import ask
from tests.assets.test_browser import page as page
from tests.assets.test_browser import site as site

COUNT = """
import json, sys, numpy, viewer_py.browser.worker
json.dumps([
    sys.version_info[:2],
    (numpy.arange(5) * 2).tolist(),
    numpy.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).tolist(),
])
"""
COUNTED = [[3, 14], [0, 2, 4, 6, 8], [[0.5, 0.0], [0.0, 0.25]]]
SNAPSHOT_SCRIPT = "**/viewer/snapshot.js"
# What stands in snapshot.js, what stands there when it fails, and what is then said.
FAILURES = {
    "another table": ("table.length > length", "true", "another function table"),
    "an exception": ("const own =", "throw new TypeError('no memory view'); const own =", "no mem"),
    "no end": (
        '.then(() => Module.removeRunDependency("libraries"))',
        ".then(() => new Promise(() => {}))",
        "not restored in 3 s",
    ),
}
Answer = dict[str, Any]


@pytest.fixture
def routed(page: Page) -> Iterator[Page]:
    yield page
    page.unroute_all(behavior="wait")


def altered_script(page: Page, old: str, new: str) -> None:
    script = (ROOT / "static" / "viewer" / "snapshot.js").read_text()
    assert script.count(old) == 1
    page.route(
        SNAPSHOT_SCRIPT,
        lambda route: route.fulfill(body=script.replace(old, new), content_type="text/javascript"),
    )


def start(page: Page, site: Site, **options: object) -> Answer:
    site.asked.clear()
    argument = {"assets": site.catalog.runtime(), "code": COUNT, **options}
    answer = ask(page, "start", argument)
    assert "failure" not in answer, answer
    return dict(answer["result"])


def archives(site: Site) -> set[str]:
    runtime = site.catalog.runtime()
    return {str(runtime[part]["later"]["url"]) for part in ("python", "viewer")}


def test_a_whole_snapshot_needs_no_archive(page: Page, site: Site) -> None:
    answer = start(page, site)
    assert json.loads(answer["value"]) == COUNTED
    assert answer["slow"] == []
    assert not archives(site) & set(site.asked)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_restore_starts_python_the_sure_way(routed: Page, site: Site, name: str) -> None:
    old, new, said = FAILURES[name]
    altered_script(routed, old, new)
    answer = start(routed, site, restoreSeconds=3)
    assert json.loads(answer["value"]) == COUNTED
    assert len(answer["slow"]) == 1 and said in answer["slow"][0]
    assert archives(site) <= set(site.asked)
    assert answer["progress"]["received"] == answer["progress"]["total"]
    assert "[native code]" in answer["fetch"]


@pytest.mark.parametrize("part", ["python", "viewer"])
@pytest.mark.parametrize("place", [2, -70_000])
def test_one_wrong_byte_is_noticed(routed: Page, site: Site, part: str, place: int) -> None:
    url = str(site.catalog.runtime()[part]["url"])
    file = site.catalog.resolve(url.removeprefix("/assets/"))
    assert file is not None
    body = bytearray(Path(file.path).read_bytes())
    body[place] ^= 0x10
    routed.route(f"**{url}", lambda route: route.fulfill(body=bytes(body)))
    answer = start(routed, site)
    assert json.loads(answer["value"]) == COUNTED
    assert len(answer["slow"]) == 1 and "is damaged" in answer["slow"][0]


def test_python_that_counts_wrongly_is_started_anew(routed: Page, site: Site) -> None:
    runtime = (ROOT / "static" / "viewer" / "runtime.js").read_text()
    begin = "return checked(await boot(parts, progress, seconds));"
    assert runtime.count(begin) == 1
    spoilt = """const python = await boot(parts, progress, seconds);
    python.runPython("import numpy; numpy.array_equal = lambda *_: False");
    return checked(python);"""
    routed.route(
        "**/viewer/runtime.js",
        lambda route: route.fulfill(
            body=runtime.replace(begin, spoilt), content_type="text/javascript"
        ),
    )
    answer = start(routed, site)
    assert json.loads(answer["value"]) == COUNTED
    assert len(answer["slow"]) == 1 and "counts wrongly" in answer["slow"][0]


def test_the_sure_way_asks_for_no_snapshot(page: Page, site: Site) -> None:
    answer = start(page, site, sure=True)
    assert json.loads(answer["value"]) == COUNTED
    assert answer["slow"] == [None]
    assert not [path for path in site.asked if path.endswith(".snapshot")]
