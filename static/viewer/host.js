// What the viewer's worker gives Python: canvases, network and clock; and passes messages on. What
// they mean is decided in viewer_py/browser.

import { DecodeWorkers } from "./decoders.js";
import { pictureFile } from "./picture.js";
import { shapePainter } from "./shapes.js";
import { DecodePool, streamFrames } from "./stream.js";
import { useWords } from "./words.js";

let session = null;
let base = "";
// Series of other studies than the one the page was opened with, to where their data are.
const bases = new Map();
let decoders = null;
let decoding = null;
let stream = null;
let ticking = false;
let graphicsCanvas = null;
let pixelCanvas = null;
let pixels = null;
let pixelsLost = false;
let overlay = null;
let lensCanvas = null;
let lens = null;
const early = [];

const post = (message) => postMessage(JSON.stringify(message));

// Python's texts come as bytes: a string of Python's would be put together character by character,
// and leave some fifty bytes of rubbish behind for each.
const decoder = new TextDecoder();

function textOf(array) {
  const view = array.getBuffer("u8");
  try {
    return decoder.decode(view.data);
  } finally {
    view.release();
  }
}

// The word for what went wrong, which the page puts into a sentence. Python says MemoryError (numpy
// a subclass of it); a heap that cannot grow or begin is a RangeError.
function reasonOf(error) {
  const outOfMemory = error instanceof RangeError || String(error.type).endsWith("MemoryError");
  return outOfMemory ? "memory" : (error.reason ?? "error");
}

function fail(error) {
  console.error(error);
  post({ type: "failed", reason: reasonOf(error) });
}

// An exception in Python must reach the page: silence would look like a frozen picture.
function guarded(work) {
  try {
    work();
  } catch (error) {
    fail(error);
  }
}

const nextFrame = self.requestAnimationFrame
  ? (work) => self.requestAnimationFrame(work)
  : (work) => setTimeout(work, 16);

const addressOf = (seriesId) => `${bases.get(seriesId) ?? base}/series/${encodeURIComponent(seriesId)}`;

async function text(address) {
  try {
    const answer = await fetch(address, { credentials: "same-origin", cache: "no-store" });
    return [answer.status, answer.ok ? await answer.text() : ""];
  } catch {
    return [0, ""];
  }
}

const manifest = (seriesId) => text(`${addressOf(seriesId)}/manifest.json`);

async function overlays(seriesId) {
  try {
    const answer = await fetch(`${addressOf(seriesId)}/overlays`, {
      credentials: "same-origin",
      cache: "no-store",
    });
    return [answer.status, new Uint8Array(answer.ok ? await answer.arrayBuffer() : 0)];
  } catch {
    return [0, new Uint8Array()];
  }
}

function framesAddress(seriesId, query) {
  return `${addressOf(seriesId)}/frames?${query}`;
}

// As in viewer_py/browser/budget.py. Each decoder is a JavaScript heap and a WebAssembly memory more,
// so a phone has one.
const PHONE_SCREEN = 600; // CSS pixels, the shorter side

function decodersFor({ touch, width, height, decoders: { workers, codecs } }) {
  const phone = touch && Math.min(width, height) < PHONE_SCREEN;
  return { workers: phone ? 1 : workers, codecs };
}

// Firefox lets a worker that makes another wait for ever, now and then (docs/performance.md), and older
// Safaris have no workers in workers: there the page has them. It passes on what they are sent, which so
// is never copied, as it would be between two ports.
const PAGE_DECODES = typeof Worker === "undefined" || /\bGecko\/\d/.test(navigator.userAgent);

function sendToDecoder() {
  if (PAGE_DECODES) {
    return (...job) => postMessage({ type: "decode", job }, job.at(-1));
  }
  const workers = new DecodeWorkers(
    (answer) => decoding.receive(answer),
    (number) => decoding.fail(number),
  );
  return (...job) => workers.send(...job);
}

const pool = () => (decoding ??= new DecodePool(decoders.workers, decoders.codecs, sendToDecoder()));

// The frame to open with, fetched and decoded while Python starts. Whether it may be seen, and what
// else to do about a failure, is found out by the stream that Python asks for.
async function opening(seriesId, frameIndex) {
  const frames = [];
  inHandOf(seriesId).add(frameIndex);
  const query = `around=${frameIndex}&wanted=${frameIndex}-${frameIndex}`;
  await streamFrames(framesAddress(seriesId, query), {
    signal: new AbortController().signal,
    pool,
    take: (...frame) => frames.push(frame),
    fail: () => {},
    inHand: new Set(),
  });
  if (!frames.length) inHandOf(seriesId).delete(frameIndex);
  return frames;
}

// The frames of a series that are received and being decoded, or fetched to open with.
const inHand = new Map();

function inHandOf(seriesId) {
  if (!inHand.has(seriesId)) inHand.set(seriesId, new Set());
  return inHand.get(seriesId);
}

const manifests = new Map();
const openings = new Map();

// Request 0 is the opening frame. The loader asks for it itself when nothing came.
async function deliverOpening(seriesId) {
  const frames = await openings.get(seriesId);
  openings.delete(seriesId);
  for (const [index, bytes] of frames ?? []) {
    inHandOf(seriesId).delete(index);
    guarded(() => session.frame_arrived(0, index, bytes));
    decoding?.recycle(bytes);
  }
}

const host = {
  gl: null,
  post: (array) => postMessage(textOf(array)),
  requestTick() {
    if (ticking) return;
    ticking = true;
    nextFrame(() => {
      ticking = false;
      guarded(() => session?.tick());
    });
  },
  async fetchManifest(seriesId) {
    const [status, text] = await (manifests.get(seriesId) ?? manifest(seriesId));
    manifests.delete(seriesId);
    guarded(() => session.manifest_arrived(seriesId, status, text));
    deliverOpening(seriesId);
  },
  async fetchOverlays(seriesId) {
    const [status, bytes] = await overlays(seriesId);
    guarded(() => session.overlays_arrived(seriesId, status, bytes));
  },
  async fetchStudies() {
    const [status, listed] = await text(`${base}/priors.json`);
    guarded(() => session.studies_arrived(status, listed));
  },
  serveFrom: (seriesId, address) => bases.set(seriesId, address),
  async openStream(seriesId, request, query) {
    const control = new AbortController();
    stream = control;
    const hand = inHandOf(seriesId);
    const take = (index, bytes) => {
      guarded(() => session.frame_arrived(request, index, bytes));
      decoding?.recycle(bytes); // Python has copied them
    };
    const status = await streamFrames(framesAddress(seriesId, query), {
      signal: control.signal,
      pool,
      take,
      fail: (index) => guarded(() => session.frame_failed(request, index)),
      inHand: hand,
    });
    if (!control.signal.aborted) guarded(() => session.stream_ended(request, status));
  },
  closeStream: () => stream?.abort(),
  coming: (seriesId) => [...inHandOf(seriesId)],
  callLater: (seconds) => setTimeout(() => guarded(() => session.woken()), seconds * 1000),
  openGraphics,
  closeGraphics,
  resizeGraphics: (width, height) => resize(graphicsCanvas, width, height),
  // Tells whether the pixels that were put there are gone.
  resizePixels(width, height) {
    const emptied = pixelsLost || pixelCanvas.width !== width || pixelCanvas.height !== height;
    pixelsLost = false;
    resize(pixelCanvas, width, height);
    return emptied;
  },
  putLens(array, width, height) {
    lens ??= lensCanvas.getContext("2d", { alpha: false });
    resize(lensCanvas, width, height);
    const view = array.getBuffer("u8clamped");
    try {
      lens.putImageData(new ImageData(view.data, width, height), 0, 0);
    } finally {
      view.release();
    }
  },
  drawShapes: (array, ...args) => overlay.draw(textOf(array), ...args),
  // At once, for what a GPU has painted is there for this moment only.
  savePicture(array) {
    const { id, painter, ...scene } = JSON.parse(textOf(array));
    pictureFile(painter === "numpy" ? pixelCanvas : graphicsCanvas, scene)
      .then((result) => postMessage({ type: "reply", id, result }))
      .catch((error) => post({ type: "reply", id, error: String(error) }));
  },
  finishGraphics() {
    // Reading a pixel back is the one call that waits for the GPU.
    host.gl.readPixels(0, 0, 1, 1, host.gl.RGBA, host.gl.UNSIGNED_BYTE, new Uint8Array(4));
  },
  // The pixels, an array of Python's, come last; they go up from where they lie.
  upload(name, ...args) {
    const array = args.pop();
    const view = array.getBuffer();
    try {
      host.gl[name](...args, view.data);
    } finally {
      view.release();
    }
  },
  // Only the area, (x, y, across, down), of the picture goes onto the canvas.
  putPixels(array, width, height, ...area) {
    const view = array.getBuffer("u8clamped");
    try {
      pixels.putImageData(new ImageData(view.data, width, height), 0, 0, ...area);
    } finally {
      view.release();
    }
  },
};

function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

const graphicsLost = () => guarded(() => session?.context_lost());

// Made only when somebody wants to draw with it: where GL is software it costs memory and time.
function openGraphics() {
  const options = { alpha: false, antialias: false, depth: false, stencil: false };
  host.gl = graphicsCanvas.getContext("webgl2", { ...options, powerPreference: "high-performance" });
  graphicsCanvas.addEventListener("webglcontextlost", graphicsLost);
  return Boolean(host.gl);
}

// A canvas gives no second context: this is for good.
function closeGraphics() {
  graphicsCanvas.removeEventListener("webglcontextlost", graphicsLost);
  resize(graphicsCanvas, 1, 1);
  host.gl.getExtension("WEBGL_lose_context")?.loseContext();
  host.gl = null;
}

async function start(message, starting) {
  base = message.base;
  decoders = decodersFor(message);
  graphicsCanvas = message.graphics;
  pixelCanvas = message.pixels;
  // Now, while the files come: where graphics are software the browser makes ready for a second or
  // two. Kept by the processor: kept by the graphics process, pictures that follow each other fast
  // took a phone up to 190 MB more (docs/performance.md).
  pixels = pixelCanvas.getContext("2d", { alpha: false, willReadFrequently: true });
  pixelCanvas.addEventListener("contextrestored", () => {
    pixelsLost = true;
    host.requestTick();
  });
  overlay = shapePainter(message.shapes, (any) => post({ type: "shapes", any }));
  delete message.shapes;
  lensCanvas = message.lens;
  delete message.lens;
  delete message.graphics;
  delete message.pixels;
  manifests.set(message.series_id, manifest(message.series_id));
  openings.set(message.series_id, opening(message.series_id, message.frame_index));
  let python;
  try {
    python = await starting;
  } catch (error) {
    fail(error);
    return;
  }
  guarded(() => {
    session = python.pyimport("viewer_py.browser.worker").start(JSON.stringify(message), host);
    post({ type: "started" });
    for (const waiting of early.splice(0)) session.receive(JSON.stringify(waiting));
  });
}

/** Take a message of the page's; `starting` is the promise of Python. */
export function receive(data, starting) {
  if (data.type === "prepare") useWords(data.words);
  else if (data.type === "start") start(data, starting);
  else if (data.type === "decoded") decoding.receive(data.answer);
  else if (data.type === "decoder-broken") decoding.fail(data.number);
  else if (data.type === "shown") nextFrame(() => nextFrame(() => post({ type: "reply", id: data.id })));
  else if (session) guarded(() => session.receive(JSON.stringify(data)));
  else early.push(data);
}
