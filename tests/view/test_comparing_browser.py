"""When the viewer asks the browser for WebGL, and that it gives software GL back."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, Route

from tests.view.reading import command, open_viewer, until
from tests.view.site import ROOT, Site
from viewer_py.browser.choice import SOFTWARE
from viewer_py.browser.screen import SETTLE
from viewer_py.browser.trial import FAST_ENOUGH

# Runs before the worker's own code: notes when a context is made, and when Python's first picture
# is there.
SPY = """
const Canvas = OffscreenCanvas.prototype;
const getContext = Canvas.getContext;
self.spied = { contexts: [], interactive: null };
Canvas.getContext = function (kind, ...rest) {
  const context = getContext.call(this, kind, ...rest);
  if (kind === "webgl2") spied.contexts.push({ canvas: this, context, at: performance.now() });
  return context;
};
const send = self.postMessage;
self.postMessage = (message, ...rest) => {
  if (JSON.parse(message).type === "interactive") spied.interactive = performance.now();
  return send.call(self, message, ...rest);
};
"""
NOTED = """() => ({
  interactive: spied.interactive,
  contexts: spied.contexts.map(({ canvas, context, at }) => ({
    at, lost: context.isContextLost(), size: [canvas.width, canvas.height],
  })),
})"""


def spied(route: Route) -> None:
    text = (ROOT / "static" / "viewer" / "worker.js").read_text()
    route.fulfill(body=SPY + text, content_type="text/javascript")


def noted(page: Page) -> dict[str, Any]:
    (worker,) = [one for one in page.workers if one.url.endswith("/viewer/worker.js")]
    return dict(worker.evaluate(NOTED))


def test_webgl_is_tried_once_the_reader_rests_and_given_back_where_it_is_software(
    desktop: Page, site: Site
) -> None:
    desktop.route("**/viewer/worker.js", spied)
    assert open_viewer(desktop, site)["renderer"] == "numpy"
    state = until(desktop, "the painters compared", lambda one: bool(one["measured"]))
    seen = noted(desktop)
    (context,) = seen["contexts"]
    assert context["at"] - seen["interactive"] >= SETTLE * 900
    times = state["measured"]["stack"]
    is_software = times["webgl2_ms"] > SOFTWARE * max(times["numpy_ms"], FAST_ENOUGH * 1000)
    assert context["lost"] is is_software
    if state["renderer"] == "numpy":
        assert context["size"] == [1, 1]
    command(desktop, "mpr.open")
    until(desktop, "the planes", lambda one: bool(one["reformat"]))
    assert len(noted(desktop)["contexts"]) == 1


def test_who_wishes_numpy_gets_no_webgl(desktop: Page, site: Site) -> None:
    desktop.route("**/viewer/worker.js", spied)
    assert open_viewer(desktop, site, "renderer=numpy")["renderer"] == "numpy"
    desktop.wait_for_timeout(SETTLE * 1500)
    assert not noted(desktop)["contexts"]


def test_who_wishes_webgl_gets_it_at_once(desktop: Page, site: Site) -> None:
    desktop.route("**/viewer/worker.js", spied)
    assert open_viewer(desktop, site, "renderer=webgl2")["renderer"] == "webgl2"
    (context,) = noted(desktop)["contexts"]
    assert not context["lost"]
