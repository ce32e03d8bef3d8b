// Starts Python (Pyodide) inside a module worker, and warms its files from a page beforehand.
//
// JavaScript, because this is what has to run before there is any Python. `assets` is what
// `AssetCatalog.runtime()` returns: {loader, core, wasm, multiarray, linalg, python, viewer}, each
// {url, size}, size in bytes before content coding; the last two also with `sha256` and with `later`,
// such a part too: the archive that the sure start takes instead.

import { ARCHIVE_PATH, lazyFile, moduleMaker, readSnapshot } from "./snapshot.js";

const STALL_SECONDS = 60;
const SECONDS_TO_RESTORE = 30;
const SECONDS_TO_SETTLE = 3;
// With no more memory than this a page is better left alone.
const SMALL_GIGABYTES = 2;
const LIBRARY_PATH = "/lib/python314.zip";
// Whether what was started can count: all that the viewer's pictures rest on.
const CHECK = `
def check():
    import numpy
    import viewer_py.browser.worker
    values = numpy.arange(6, dtype=numpy.int16).reshape(2, 3)
    same = numpy.array_equal
    return bool(
        (values + 1).sum() == 21
        and same(values @ values.T, [[5, 14], [14, 50]])
        and same(numpy.linalg.solve(numpy.diag([2.0, 4.0]), [2.0, 8.0]), [1.0, 2.0])
    )
check()`;

/**
 * Python could not be started. `reason` is a word that a page can translate:
 * "blocked" (WebAssembly is missing or forbidden by the page's policy), "download", "stalled".
 */
export class PythonStartError extends Error {
  constructor(reason, message) {
    super(message);
    this.name = "PythonStartError";
    this.reason = reason;
  }
}

/**
 * Start Python, numpy and viewer_py imported already.
 *
 * They come back from the snapshots; where that fails, whatever the reason, they start the slow and
 * sure way (sure-start.js), at once when `sure` is given. `onSlowStart(reason)` hears of it: the
 * words of what failed, or null when `sure` was given. onProgress({received, total}) tells how many
 * bytes of the runtime have come in. Rejects with PythonStartError, also when nothing has moved for
 * `stallSeconds`: a boot that the browser refuses half-way would otherwise stay silent for ever.
 */
export async function startPython({
  assets,
  sure = false,
  onProgress = () => {},
  onSlowStart = () => {},
  stallSeconds = STALL_SECONDS,
  restoreSeconds = SECONDS_TO_RESTORE,
}) {
  assertWebAssembly();
  const watch = new StallWatch(stallSeconds);
  const counted = (parts) =>
    new ByteCount(parts, (counts) => {
      watch.touch();
      onProgress(counts);
    });
  const parts = absolute(assets);
  const slowly = (reason) => {
    watch.touch();
    onSlowStart(reason);
    return bootSurely(parts, counted);
  };
  const starting = sure ? slowly(null) : restored(parts, counted(parts), restoreSeconds, slowly);
  try {
    return await Promise.race([starting, watch.stalled]);
  } finally {
    watch.stop();
  }
}

// What could not be had from the network could not be had the other way either.
async function restored(parts, progress, seconds, otherwise) {
  try {
    return checked(await boot(parts, progress, seconds));
  } catch (error) {
    if (error instanceof PythonStartError) throw error;
    console.error("Python's snapshot cannot be used here, starting without it:", error);
    return otherwise(String(error));
  }
}

async function bootSurely({ python, viewer, ...shared }, counted) {
  const { startSurely } = await import("./sure-start.js");
  const parts = { ...shared, python: python.later, viewer: viewer.later };
  const progress = counted(parts);
  const fetched = (part) => fetchBytes(part, progress);
  const stream = (part) => fetchStreamed(part, progress);
  return checked(await startSurely(parts, { load: (part) => importCounted(part, progress), fetched, stream, handOver }));
}

function checked(python) {
  if (!python.runPython(CHECK)) throw new Error("Python counts wrongly");
  return python;
}

/**
 * Make the viewer's start a matter of seconds while a page before it is looked at.
 *
 * Its files come in one after the other and at low priority, then Python is started once in the
 * background, so that the browser keeps what it compiled. Resolves to whether it did: not where the
 * connection is metered or slow. `files` are addresses; `serviceWorker` ({url, cache}) keeps all of
 * it from being evicted, where there may be one.
 */
export async function warm(
  { files, runtime, serviceWorker },
  connection = globalThis.navigator?.connection,
) {
  const slow = ["slow-2g", "2g", "3g"].includes(connection?.effectiveType);
  if (connection?.saveData || slow) return false;
  const cache = await keeper(serviceWorker);
  for (const url of [...files, ...Object.values(runtime).map((part) => part.url)]) {
    if (await cache?.match(url)) continue;
    const response = await fetch(url, { priority: "low" });
    if (cache && response.ok) await cache.put(url, response);
    else await response.body?.pipeTo(new WritableStream());
  }
  if ((navigator.deviceMemory ?? 4) > SMALL_GIGABYTES) await startOnce(runtime);
  return true;
}

/** Register the service worker; return its cache, or null where the browser has or allows none. */
async function keeper(serviceWorker) {
  try {
    await navigator.serviceWorker.register(serviceWorker.url, { scope: "/" });
    return await caches.open(serviceWorker.cache);
  } catch {
    return null; // in some frames and mini-programs; the browser's own cache does then
  }
}

async function startOnce(assets) {
  const worker = new Worker(new URL("./warm-worker.js", import.meta.url), { type: "module" });
  const stop = () => worker.terminate();
  globalThis.addEventListener("pagehide", stop, { once: true });
  await new Promise((resolve) => {
    worker.onmessage = worker.onerror = resolve;
    worker.postMessage(absolute(assets));
  });
  // Browsers write down what they compiled a while after it has settled.
  await new Promise((resolve) => setTimeout(resolve, SECONDS_TO_SETTLE * 1000));
  stop();
  globalThis.removeEventListener("pagehide", stop);
}

async function boot(assets, progress, restoreSeconds) {
  // Everything at once: each of these would otherwise wait for the one before it.
  const loader = importCounted(assets.loader, progress);
  const core = importCounted(assets.core, progress);
  const wasm = fetchStreamed(assets.wasm, progress);
  const viewer = fetchSnapshot(assets.viewer, progress);
  const libraries = {
    multiarray: compile(assets.multiarray, progress),
    linalg: compile(assets.linalg, progress),
  };
  const python = fetchSnapshot(assets.python, progress);
  const parts = [loader, core, wasm, viewer, python, ...Object.values(libraries)];
  const late = lateness(parts, restoreSeconds);
  const failed = firstFailure([...parts, late.failure]);
  const { loadPyodide } = await Promise.race([loader, failed]);
  const { default: factory } = await Promise.race([core, failed]);
  const unread = "data:,"; // the standard library: what of it is needed is in the snapshots
  const handBack = handOver({
    [assets.wasm.url]: wasm,
    [unread]: Promise.resolve(new Response(new Uint8Array(0))),
  });
  try {
    const starting = loadPyodide({
      indexURL: new URL(".", assets.loader.url).href,
      stdLibURL: unread,
      lockFileContents: viewer.then(({ lock }) => lock),
      _loadSnapshot: viewer.then(({ state }) => state),
      createPyodideModule: moduleMaker(factory, {
        libraries,
        snapshots: Promise.all([python, viewer]),
        onMemory: ({ FS }) => {
          fetchWhenRead(FS, LIBRARY_PATH, assets.python.later);
          fetchWhenRead(FS, ARCHIVE_PATH, assets.viewer.later);
        },
      }),
    });
    return await Promise.race([starting, failed]);
  } finally {
    late.stop();
    handBack();
  }
}

/** A promise that rejects when Python is not there so many seconds after its last part has come. */
function lateness(parts, seconds) {
  let timer = null;
  let stopped = false;
  const failure = new Promise((_resolve, reject) => {
    const fail = () => reject(new Error(`the snapshot was not restored in ${seconds} s`));
    const wait = () => {
      if (!stopped) timer = setTimeout(fail, seconds * 1000);
    };
    Promise.all(parts).then(wait, () => {});
  });
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
  };
  return { failure, stop };
}

async function fetchSnapshot(asset, progress) {
  const bytes = await fetchBytes(asset, progress);
  // A wrong byte in memory need not stop anything, and could be one of a picture. Only pages of
  // HTTPS (and of this machine) have this; others have the checks of what comes after.
  if (globalThis.crypto.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const digits = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (digits !== asset.sha256) throw new Error(`${asset.url} is damaged`);
  }
  return readSnapshot(bytes);
}

/** Modules that no snapshot holds: Python waits for their archive, as for a file, when it wants one. */
function fetchWhenRead(FS, path, { url, size }) {
  lazyFile(FS, path, size, () => {
    const request = new XMLHttpRequest();
    request.open("GET", url, false);
    request.responseType = "arraybuffer";
    request.send();
    return new Uint8Array(request.response);
  });
}

function assertWebAssembly() {
  try {
    // The smallest module there is: its magic number and version.
    new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  } catch (error) {
    throw new PythonStartError("blocked", `WebAssembly cannot be used here: ${error}`);
  }
}

function absolute(assets) {
  const located = ({ url, ...asset }) => ({ ...asset, url: new URL(url, globalThis.location.href).href });
  const entries = Object.entries(assets).map(([part, asset]) => {
    const later = asset.later && { later: located(asset.later) };
    return [part, { ...located(asset), ...later }];
  });
  return Object.fromEntries(entries);
}

async function importCounted(asset, progress) {
  let module;
  try {
    module = await import(asset.url);
  } catch (error) {
    throw new PythonStartError("download", `${asset.url}: ${error}`);
  }
  progress.add(asset.size);
  return module;
}

async function request(asset, priority) {
  let response;
  try {
    response = await fetch(asset.url, { priority });
  } catch (error) {
    throw new PythonStartError("download", `${asset.url}: ${error}`);
  }
  if (!response.ok) throw new PythonStartError("download", `${asset.url}: ${response.status}`);
  return response;
}

/** The response itself, so that the browser compiles while it streams; a copy of it is counted. */
async function fetchStreamed(asset, progress) {
  const response = await request(asset, "high");
  countBody(response.clone(), progress);
  return response;
}

async function compile(asset, progress) {
  return WebAssembly.compileStreaming(fetchStreamed(asset, progress));
}

async function countBody(response, progress) {
  try {
    for await (const chunk of chunks(response)) progress.add(chunk.length);
  } catch {
    // The body that is being compiled fails in the same way, and says so.
  }
}

async function fetchBytes(asset, progress, priority = "high") {
  const response = await request(asset, priority);
  const bytes = new Uint8Array(asset.size);
  let received = 0;
  for await (const chunk of chunks(response)) {
    if (received + chunk.length > bytes.length) break;
    bytes.set(chunk, received);
    received += chunk.length;
    progress.add(chunk.length);
  }
  if (received !== asset.size) {
    throw new PythonStartError("download", `${asset.url}: ${received} of ${asset.size} bytes`);
  }
  return bytes;
}

// Response bodies are async iterables in some browsers only.
async function* chunks(response) {
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** Rejects as soon as one of the promises does, and never resolves. */
function firstFailure(promises) {
  const failure = new Promise((_resolve, reject) => {
    for (const promise of promises) promise.catch(reject);
  });
  failure.catch(() => {}); // whoever races against it hears of it; a late one is not unhandled
  return failure;
}

/**
 * Answer fetches of these addresses with responses that are already on their way: Pyodide asks for
 * its parts itself, later than we can. Returns what undoes it.
 */
function handOver(responses) {
  const original = globalThis.fetch;
  globalThis.fetch = (resource, options) =>
    responses[String(resource?.url ?? resource)] ?? original(resource, options);
  return () => {
    globalThis.fetch = original;
  };
}

class ByteCount {
  constructor(assets, report) {
    this.received = 0;
    this.total = Object.values(assets).reduce((sum, { size }) => sum + size, 0);
    this.report = report;
  }

  add(bytes) {
    this.received += bytes;
    this.report({ received: this.received, total: this.total });
  }
}

class StallWatch {
  constructor(seconds) {
    this.seconds = seconds;
    this.stalled = new Promise((_resolve, reject) => {
      this.reject = reject;
    });
    this.touch();
  }

  touch() {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const message = `Python did not start: nothing moved for ${this.seconds} s`;
      this.reject(new PythonStartError("stalled", message));
    }, this.seconds * 1000);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}
