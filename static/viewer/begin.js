// Starts the worker, and Python in it, while the page's other scripts are still on their way: what
// the viewer waits for longest is begun first. The first picture keeps the line to itself until it
// is there, unless it is slow in coming.

import { isRemembered } from "./remembered.js";

// Where Python cannot come back from its snapshot, to try that again costs seconds; a new version of
// the snapshots is tried.
export const SLOW_START = "yingyun:slow-start";
const LONGEST_WAIT = 1000; // milliseconds

const root = document.querySelector("[data-viewer]");
const { runtime } = JSON.parse(root.dataset.viewer);
const words = JSON.parse(root.dataset.words);

/** What SLOW_START is remembered with: today, and these snapshots. */
export const thisStart = `${new Date().toDateString()} ${runtime.python.url} ${runtime.viewer.url}`;

/** Why there can be no viewer here ("wasm" or "canvas"), or null. */
export const missing = whatIsMissing();

/** What the worker says before somebody listens. */
export const early = [];

/** The worker, or null. */
export const worker = missing ? null : begun();

function whatIsMissing() {
  if (typeof WebAssembly !== "object") return "wasm";
  if (!HTMLCanvasElement.prototype.transferControlToOffscreen || !window.Worker) return "canvas";
  return null;
}

function begun() {
  const made = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  made.onmessage = made.onerror = (event) => early.push(event);
  const sure = isRemembered(SLOW_START, thisStart);
  pictureArrived().then(() => made.postMessage({ type: "prepare", runtime, sure, words }));
  return made;
}

// Arrived and decoded: what comes for Python keeps a slow processor from showing it for a second.
function pictureArrived() {
  const picture = root.querySelector("[data-first-image]");
  if (!picture) return Promise.resolve();
  const late = new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT));
  return Promise.race([picture.decode().catch(() => {}), late]);
}
