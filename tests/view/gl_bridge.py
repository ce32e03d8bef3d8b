"""A real WebGL 2 context of a browser, driven from CPython: calls are queued here and played there.

So the renderer that runs in the browser's Python is judged on the browser's GL without starting a
Python there.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

_PLAYER = """() => {
  const canvas = document.body.appendChild(document.createElement("canvas"));
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false,
                                           stencil: false, preserveDrawingBuffer: true });
  if (!gl) return null;
  const kept = [];
  const kinds = { i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
                  u4: Uint32Array, f4: Float32Array };
  const read = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const value = (one) => {
    if (one === null || typeof one !== "object") return one;
    if ("kept" in one) return kept[one.kept];
    return new kinds[one.kind](read(one.bytes).buffer);
  };
  window.play = (calls) => {
    let last = null;
    for (const [name, args, keep] of calls) {
      last = gl[name](...args.map(value));
      if (keep !== null) kept[keep] = last;
    }
    return last && typeof last === "object" ? null : last;
  };
  window.paint = (width, height) => { canvas.width = width; canvas.height = height; };
  window.picture = (width, height) => {
    const pixels = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    let text = "";
    for (let at = 0; at < pixels.length; at += 32768)
      text += String.fromCharCode(...pixels.subarray(at, at + 32768));
    return [btoa(text), gl.getError()];
  };
  window.milliseconds = (calls, rounds) => {
    const times = [];
    for (let round = 0; round < rounds; ++round) {
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
      const begun = performance.now();
      window.play(calls);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
      times.push(performance.now() - begun);
    }
    return times;
  };
  const constants = {};
  for (const name in gl) if (typeof gl[name] === "number") constants[name] = gl[name];
  return constants;
}"""

_ANSWERED = ("getShaderParameter", "getProgramParameter", "getShaderInfoLog", "getProgramInfoLog",
             "getParameter", "checkFramebufferStatus", "getError")  # fmt: skip
_KEPT = ("create", "getUniformLocation")


class Kept:
    """An object that stays in the browser."""

    def __init__(self, number: int) -> None:
        self.number = number


class BrowserGL:
    """`viewer_py.render.webgl.context.GraphicsContext` on a page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._constants = page.evaluate(_PLAYER)
        assert self._constants, "the browser has no WebGL 2"
        self._kept = 0
        self.queue: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        if name in self._constants:
            return self._constants[name]
        return lambda *args: self._call(name, args)

    def _call(self, name: str, args: tuple[Any, ...]) -> Any:
        keep = None
        if name.startswith(_KEPT):
            keep, self._kept = self._kept, self._kept + 1
        self.queue.append([name, [_packed(one) for one in args], keep])
        if name in _ANSWERED:
            return self.flush()
        return None if keep is None else Kept(keep)

    def flush(self) -> Any:
        """Play what is queued; return the last answer."""
        calls, self.queue = self.queue, []
        return self._page.evaluate("(calls) => window.play(calls)", calls)

    def resize(self, width: int, height: int) -> None:
        """Give the canvas another size."""
        self._page.evaluate("([width, height]) => window.paint(width, height)", [width, height])

    def picture(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return what is on the canvas, RGB, top row first; no GL call may have been an error."""
        self.flush()
        text, error = self._page.evaluate("([w, h]) => window.picture(w, h)", [width, height])
        assert error == 0, f"GL error {error}"
        pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
        return pixels[::-1, :, :3]

    def milliseconds(self, rounds: int = 3) -> list[float]:
        """Play what is queued some times; return how long each took."""
        calls, self.queue = self.queue, []
        answer = self._page.evaluate("([c, n]) => window.milliseconds(c, n)", [calls, rounds])
        return [float(one) for one in answer]


def _packed(value: Any) -> Any:
    if isinstance(value, Kept):
        return {"kept": value.number}
    if isinstance(value, np.ndarray):
        assert value.flags.c_contiguous
        return {
            "kind": value.dtype.str[1:],
            "bytes": base64.b64encode(value.tobytes()).decode(),
        }
    return value
