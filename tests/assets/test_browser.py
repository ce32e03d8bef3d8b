"""In a real browser, under the product's content security policy: Python starts, codecs decode.

The judge of the codecs is `imagecodecs`: it encodes what they decode, from builds of its own.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from playwright.sync_api import Page, Playwright

from server.assets.catalog import RUNTIME_NAMES, AssetCatalog
from tests.assets.site import Site

ASK = """([policy, task, argument]) => new Promise((resolve, reject) => {
  const worker = new Worker(`/${policy}/worker.js`, { type: "module" });
  worker.onerror = (event) => reject(new Error(event.message));
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
  worker.postMessage([task, argument]);
})"""
CODE = """
import json, sys, numpy, viewer_py.pixels.pipeline
json.dumps([sys.version_info[:2], sys.platform, numpy.arange(5).sum().item()])
"""
ROWS, COLUMNS = 48, 64


@pytest.fixture(scope="module")
def site(built_assets: Path) -> Iterator[Site]:
    with Site(AssetCatalog(built_assets)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.closing.set()
        server.shutdown()


@pytest.fixture(scope="module")
def page(site: Site, playwright: Playwright) -> Iterator[Page]:
    executable = shutil.which("chromium")
    assert executable, "chromium is missing: run `make system`"
    browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
    opened = browser.new_page()
    opened.goto(site.address)
    yield opened
    browser.close()


def ask(page: Page, task: str, argument: object, policy: str = "allowed") -> dict[str, Any]:
    return dict(page.evaluate(ASK, [policy, task, argument]))


def start(page: Page, assets: object, **options: object) -> dict[str, Any]:
    return ask(page, "start", {"assets": assets, "code": CODE, **options})


def test_python_starts_and_counts_every_byte(page: Page, site: Site) -> None:
    site.asked.clear()
    runtime = site.catalog.runtime()
    answer = start(page, runtime)
    assert "failure" not in answer
    assert json.loads(answer["result"]["value"]) == [[3, 14], "emscripten", 10]
    total = sum(int(part["size"]) for part in runtime.values())
    assert answer["result"]["progress"] == {"received": total, "total": total}
    assert "[native code]" in answer["result"]["fetch"]  # ours only while it starts
    wanted = [str(part["url"]) for part in runtime.values()]
    assert sorted(path for path in site.asked if path.startswith("/assets/")) == sorted(wanted)


def test_what_is_imported_later_is_fetched_then(page: Page, site: Site) -> None:
    site.asked.clear()
    runtime = site.catalog.runtime()
    answer = ask(page, "start", {"assets": runtime, "code": "import csv; csv.list_dialects()[0]"})
    assert answer["result"]["value"] == "excel"
    assert runtime["python"]["later"]["url"] in site.asked
    assert runtime["viewer"]["later"]["url"] not in site.asked


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"])
def test_python_comes_back_where_calls_go_another_way(
    site: Site, playwright: Playwright, agent: str
) -> None:
    # Pyodide calls functions differently on iOS, with one entry less in the function table.
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=["--no-sandbox"]
    )
    opened = browser.new_page(user_agent=agent)
    opened.goto(site.address)
    answer = start(opened, site.catalog.runtime())
    browser.close()
    assert json.loads(answer["result"]["value"]) == [[3, 14], "emscripten", 10]


def test_nothing_needs_cross_origin_isolation(page: Page, site: Site) -> None:
    assert page.evaluate("crossOriginIsolated") is False
    assert page.evaluate("typeof SharedArrayBuffer") == "undefined"
    assert "failure" not in start(page, site.catalog.runtime())


def test_policy_without_webassembly_is_told_at_once(page: Page, site: Site) -> None:
    argument = {"assets": site.catalog.runtime(), "code": CODE}
    answer = ask(page, "start", argument, policy="forbidden")
    assert answer["failure"]["reason"] == "blocked"


@pytest.mark.parametrize("part", sorted(RUNTIME_NAMES))
def test_missing_part_is_told(page: Page, site: Site, part: str) -> None:
    runtime = site.catalog.runtime()
    runtime[part] = {**runtime[part], "url": "/assets/gone.mjs"}
    answer = start(page, runtime)
    assert answer["failure"]["reason"] == "download"
    assert "/assets/gone.mjs" in answer["failure"]["message"]


@pytest.mark.parametrize("difference", [1, -1])
def test_part_of_another_size_is_refused(page: Page, site: Site, difference: int) -> None:
    runtime = site.catalog.runtime()
    size = int(runtime["python"]["size"]) + difference
    runtime["python"] = {**runtime["python"], "size": size}
    assert start(page, runtime)["failure"]["reason"] == "download"


def test_start_that_does_not_move_ends_with_words(page: Page, site: Site) -> None:
    runtime = site.catalog.runtime()
    runtime["python"] = {**runtime["python"], "url": "/never"}
    answer = start(page, runtime, stallSeconds=2)
    assert answer["failure"]["reason"] == "stalled"


def test_warming_fetches_the_runtime_and_nothing_else(page: Page, site: Site) -> None:
    runtime = site.catalog.runtime()
    site.asked.clear()
    codec = site.catalog.url("codecs/openjph.wasm")
    argument = {
        "plan": {"files": [codec], "runtime": runtime},
        "connection": {"effectiveType": "4g"},
    }
    assert ask(page, "warm", argument) == {"result": True}
    urls = [codec, *(str(part["url"]) for part in runtime.values())]
    asked = [path for path in site.asked if path.startswith("/assets/")]
    assert asked[: len(urls)] == urls  # one after the other
    assert set(asked) == set(urls)
    assert "/static/viewer/warm-worker.js" in site.asked  # and then Python once


@pytest.mark.parametrize("connection", [{"saveData": True}, {"effectiveType": "3g"}])
def test_metered_connection_is_not_used_for_warming(
    page: Page, site: Site, connection: dict[str, object]
) -> None:
    site.asked.clear()
    plan = {"files": [], "runtime": site.catalog.runtime()}
    argument = {"plan": plan, "connection": connection}
    assert ask(page, "warm", argument) == {"result": False}
    assert [path for path in site.asked if path.startswith("/assets/")] == []


def decode(page: Page, site: Site, name: str, decoder: str, encoded: bytes) -> np.ndarray:
    argument = {
        "script": site.catalog.url(f"codecs/{name}.mjs"),
        "wasm": site.catalog.url(f"codecs/{name}.wasm"),
        "decoder": decoder,
        "frame": list(encoded),
    }
    answer = ask(page, "decode", argument)
    assert "failure" not in answer, answer
    result = answer["result"]
    assert (result["height"], result["width"]) == (ROWS, COLUMNS)
    return np.array(result["pixels"], np.uint8)


def reversible(encode: Callable[..., bytes]) -> Callable[[np.ndarray], bytes]:
    return lambda frame: encode(frame, reversible=True)


@pytest.mark.parametrize(
    ("name", "decoder", "encode"),
    [
        ("openjph", "HTJ2KDecoder", reversible(imagecodecs.htj2k_encode)),
        ("openjpeg", "J2KDecoder", reversible(imagecodecs.jpeg2k_encode)),
        ("charls", "JpegLSDecoder", imagecodecs.jpegls_encode),
    ],
)
def test_lossless_codec_returns_the_very_pixels(
    page: Page, site: Site, name: str, decoder: str, encode: Callable[[np.ndarray], bytes]
) -> None:
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    frame = ((rows * 37 + columns * 91 + rows * columns) % 4096).astype(np.uint16)
    decoded = decode(page, site, name, decoder, encode(frame))
    assert decoded.view(np.uint16).reshape(ROWS, COLUMNS).tolist() == frame.tolist()


def test_baseline_jpeg_agrees_with_another_decoder(page: Page, site: Site) -> None:
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    encoded = imagecodecs.jpeg8_encode((rows * 2 + columns).astype(np.uint8), level=90)
    decoded = decode(page, site, "libjpeg-turbo-8bit", "JPEGDecoder", encoded)
    expected = imagecodecs.jpeg8_decode(encoded).astype(int)
    assert np.abs(decoded.reshape(ROWS, COLUMNS).astype(int) - expected).max() <= 1
