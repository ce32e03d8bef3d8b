// The DICOM page: shows the server's first picture at once, starts the worker behind it, and lets
// Python take the canvas over. Public face: window.yingyun (docs/embedding.md).

import { Identity } from "../js/identity.js";
import { Aids } from "./aids.js";
import { SLOW_START, early, missing, thisStart, worker } from "./begin.js";
import { forwardInput } from "./input.js";
import { WorkerLink } from "./link.js";
import { Panel } from "./panel.js";
import { inLanguage } from "./panes.js";
import { isRemembered, remember } from "./remembered.js";
import { Sheets } from "./sheets.js";
import { UnshownList } from "./unshown.js";
import { useWords } from "./words.js";

const root = document.querySelector("[data-viewer]");
const config = JSON.parse(root.dataset.viewer);
const texts = JSON.parse(root.dataset.texts);
const stage = root.querySelector("[data-stage]");
const picture = root.querySelector("[data-first-image]");
const canvases = {
  webgl2: root.querySelector("[data-canvas='webgl2']"),
  numpy: root.querySelector("[data-canvas='numpy']"),
};
useWords(JSON.parse(root.dataset.words));
const panel = new Panel(root, texts);
const aids = new Aids(root, (name, args) => link?.send({ type: "command", name, args }));
const doctor = config.reader === "doctor"
  ? import("./doctor.js").then(({ DoctorPage }) => new DoctorPage(root, config.kept, () => identity.fold()))
  : null;
const unshown = new UnshownList(root, texts);
const identity = new Identity(root);
new Sheets(root);

// Where graphics turned out to be software, to find that out anew costs seconds at each opening.
const SLOW_GRAPHICS = "yingyun:slow-graphics";
const LONGEST_WAIT = 1000; // milliseconds
// Longer than the worker's own watch over its start (runtime.js), which a worker that hangs cannot keep.
const LONGEST_SILENCE = 75; // seconds
const today = new Date().toDateString();
const wished = new URLSearchParams(location.search).get("renderer");

// Why Python starts without its snapshot: what failed; "" when that was remembered; else null.
let slowStart = null;

// What is measured and marked; nothing of it is fetched before the first picture.
let annotations = null;

let settle;
const ready = new Promise((resolve, reject) => {
  settle = { resolve, reject };
});
ready.catch(() => {});

function mark(name, options) {
  performance.mark(`yingyun:${name}`, options);
}

// The confirmation is the click that led here: the start of this navigation.
mark("dicom-confirmed", { startTime: 0 });

async function markFirstImage() {
  if (!picture) return;
  try {
    await picture.decode();
    await new Promise(requestAnimationFrame);
    mark("dicom-first-image");
  } catch {
    picture.hidden = true; // Python's own picture will be the first
  }
}

// Painted is not yet shown: the worker's canvas comes to the screen with the worker's next frame,
// and that may be late while images pour in. Until then the same picture stands in the same place.
async function giveWay() {
  await link.ask({ type: "shown" });
  root.querySelector("[data-first-watermark]")?.remove(); // Python draws it now
  if (picture) picture.remove(); // and what was decoded of it
  else mark("dicom-first-image");
}

function fail(reason) {
  settle.reject(new Error(reason));
  panel.progress("", 0);
  panel.wait(false);
  const box = root.querySelector("[data-failure]");
  const english = JSON.parse(root.dataset.english);
  box.querySelector("[data-failure-text]").textContent = texts[`failed_${reason}`] ?? texts.failed_error;
  box.querySelector("[data-failure-english]").textContent = english[reason] ?? english.error;
  // Whose access has ended has no JPG images to go to either.
  box.querySelector("[data-failure-link]").hidden = reason === "ended";
  box.hidden = false;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

// Most readers never open what can stand beside the pictures.
let beside = null;

function openBeside() {
  const send = (name, args) => link.send({ type: "command", name, args });
  beside ??= Promise.all([import("./drawers.js"), import("./late-style.js")]).then(async ([{ Drawers }, { styled }]) => {
    await styled(root);
    return new Drawers(root, config.base, send);
  });
  return beside;
}

// Marked after the first picture at the earliest.
let keyImages = null;

function openKeyImages() {
  const words = root.querySelector("[data-drawers]").dataset;
  keyImages = Promise.all([import("./key-images.js"), import("./late-style.js")]).then(([{ KeyImages }, { styled }]) => {
    const made = new KeyImages(root, config.base, link, {
      said: (what) => panel.notice(words[what] ?? "", true),
      changed: (what, undo) => panel.notice(words[what], false, { label: words.undo, go: undo }),
      styled: () => styled(root),
    });
    made.begin();
    return made;
  });
}

// All that the worker said of the scene; each message has what changed.
const scene = {};

const handlers = {
  scene(changed) {
    Object.assign(scene, changed);
    panel.show(scene);
    if (scene.tags || scene.history.shown || scene.history.added.length || scene.hanging || beside) {
      openBeside().then((drawers) => drawers.show(scene));
    }
    if (changed.follows !== undefined) stage.dataset.follows = scene.follows;
    keyImages?.then((made) => made.show(scene.key_images));
    aids.show(scene);
    doctor?.then((page) => page.show(scene));
  },
  runtime({ received, total }) {
    const words = texts.starting.replace("{done}", megabytes(received)).replace("{total}", megabytes(total));
    // Python says nothing while it starts: a bar that runs on says that it has not stopped.
    const preparing = slowStart === null ? texts.preparing : texts.slowly;
    if (total && received >= total) panel.progress(preparing, null);
    else panel.progress(words, total ? received / total : 0);
  },
  // From here on silence may be the network's: images are waited for as long as the reader likes.
  started() {
    link.endWatch();
    root.dataset.python = "started";
  },
  "slow-start"({ reason }) {
    slowStart = reason ?? "";
    panel.progress(texts.slowly, null);
  },
  progress({ loaded, total, complete, arrived_bytes: bytes }) {
    const words = texts.loading
      .replace("{n}", loaded)
      .replace("{total}", total)
      .replace("{megabytes}", megabytes(bytes));
    panel.progress(complete ? "" : words, total ? loaded / total : 0);
  },
  renderer({ kind, slow }) {
    for (const [name, canvas] of Object.entries(canvases)) canvas.hidden = name !== kind;
    if (slow && !wished) remember(SLOW_GRAPHICS, today);
  },
  interactive() {
    annotations = import("./annotations.js").then(({ Annotations }) => {
      const made = new Annotations(root, link, panel);
      made.begin();
      return made;
    });
    openKeyImages();
    if (slowStart) remember(SLOW_START, thisStart);
    requestAnimationFrame(() => {
      mark("interactive");
      root.dataset.interactive = "true";
      settle.resolve();
    });
    giveWay().catch(() => {}); // the worker has stopped, and that was said
  },
  shapes({ any }) {
    root.querySelector("[data-shapes]").hidden = !any;
  },
  "series-loaded": () => mark("series-loaded"),
  studies: ({ studies }) => openBeside().then((drawers) => drawers.list(studies)),
  notice({ code }) {
    if (code !== "ended") {
      // Of some codes more is said elsewhere: which images are missing, in their list.
      panel.notice(texts[code] ?? "", code !== "windowed");
      return;
    }
    panel.notice("");
    unshown.show({ entries: [] });
    picture?.remove();
    beside?.then((drawers) => drawers.forget());
    keyImages?.then((made) => made.stop());
    fail("ended");
  },
  annotations: (message) => annotations?.then((made) => made.show(message)),
  refused: ({ message }) => panel.notice(inLanguage(message)),
  unshown: (message) => unshown.show(message),
  undrawable: ({ detail }) => console.error(detail),
  failed({ reason }) {
    link.stop();
    fail(reason);
  },
};

const link = missing
  ? null
  : new WorkerLink(worker, early, (message) => handlers[message.type](message), () => fail("error"));

// Who has the whole series asks the server for nothing more, and would look on at what was shared
// after the share is taken back.
const ACCESS_CHECK_SECONDS = 15;
const shared = config.base.startsWith("/s/");

async function checkAccess() {
  if (root.querySelector("[data-failure]").hidden === false) return;
  try {
    const answer = await fetch(`${config.base}/viewer.json`, { credentials: "same-origin", cache: "no-store" });
    if ([401, 403, 410].includes(answer.status)) endAccess();
  } catch {
    // no network: what is loaded stays until the server can be asked again
  }
}

function endAccess() {
  link.stop();
  for (const canvas of Object.values(canvases)) canvas.hidden = true;
  root.querySelector("[data-shapes]").hidden = true;
  handlers.annotations({ rows: [], selected: "", asks: "", listed: false, document: null });
  aids.show({ lens: null, values: {} });
  root.querySelectorAll("[data-corner], [data-mark]").forEach((words) => words.replaceChildren());
  root.querySelectorAll("[data-scale]").forEach((bar) => (bar.hidden = true));
  handlers.notice({ code: "ended" });
}

function stageSize() {
  const { width, height } = stage.getBoundingClientRect();
  return { width: Math.max(width, 1), height: Math.max(height, 1), pixel_ratio: Math.min(devicePixelRatio, 3) };
}

function start() {
  const graphics = canvases.webgl2.transferControlToOffscreen();
  const pixels = canvases.numpy.transferControlToOffscreen();
  const shapes = root.querySelector("[data-shapes]").transferControlToOffscreen();
  const lens = root.querySelector("[data-lens]").transferControlToOffscreen();
  const message = {
    type: "start",
    ...config,
    ...stageSize(),
    touch: matchMedia("(pointer: coarse)").matches,
    gigabytes: navigator.deviceMemory ?? null,
    graphics,
    pixels,
    shapes,
    lens,
    renderer: wished ?? (isRemembered(SLOW_GRAPHICS, today) ? "numpy" : "auto"),
  };
  link.send(message, [graphics, pixels, shapes, lens]);
  link.watch(LONGEST_SILENCE, () => handlers.failed({ reason: "stalled" }));
  new ResizeObserver(() => {
    link.send({ type: "command", name: "canvas.resize", args: stageSize() });
  }).observe(stage);
  forwardInput(stage, link);
}

function bindControls() {
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-command]");
    if (!button) return;
    panel.notice("");
    panel.touched = button;
    link?.send({ type: "command", name: button.dataset.command, args: JSON.parse(button.dataset.args) });
  });
  root.querySelector("[data-slider]").addEventListener("input", (event) => {
    link?.send({ type: "command", name: "stack.go", args: { frame: Number(event.target.value) } });
  });
  // On a small screen the mark gives its room to the picture once that is touched (ui.md §1).
  // Not before the finger is up: a stage that moves under a finger would pan the picture.
  stage.addEventListener("pointerup", () => identity.fold());
  bindFast();
}

// Small pictures are another page; what they are is said before it opens.
function bindFast() {
  const dialog = root.querySelector("[data-fast-dialog]");
  root.querySelector("[data-fast]")?.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
}

window.yingyun = {
  ready,
  command: async (name, args = {}) => {
    await ready;
    return link.ask({ type: "command", name, args });
  },
  state: async () => {
    await ready;
    return link.ask({ type: "state" });
  },
};

const seen = markFirstImage();
bindControls();
if (shared && !missing) {
  setInterval(checkAccess, ACCESS_CHECK_SECONDS * 1000);
  document.addEventListener("visibilitychange", () => document.hidden || checkAccess());
}
if (missing) fail(missing);
// The picture has the line and the processor to itself, unless it is slow in coming.
else Promise.race([seen, new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT))]).then(start);
