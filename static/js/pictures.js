// The JPG page: next/previous picture, zoom and pan. Without this script the page's links do the
// paging; with it the picture is exchanged in place.
import { Identity } from "./identity.js";
import { PictureTransform } from "./picture-transform.js";

const root = document.querySelector("[data-pictures]");
const picture = root.querySelector("[data-picture]");
const stage = root.querySelector("[data-stage]");
const slider = root.querySelector("[data-slider]");
const wait = root.querySelector("[data-wait]");
const failure = root.querySelector("[data-failure]");
const identity = new Identity(root, keepFolded);
const captionsAddress = root.dataset.captions;
const frameCount = Number(root.dataset.frameCount);
const neighbours = 3;

let shown = Number(root.dataset.frame);
let wanted = shown;
let captions = null;
let imageWidth = Number(root.dataset.imageWidth);
const transform = new PictureTransform(stage, picture, {
  onTouched: () => identity.fold(),
  onPage: (step) => show(wanted + step),
  onZoom: showZoom,
});

function address(frame) {
  return root.dataset.address.replace("{frame}", String(frame));
}

function markFirstPicture() {
  performance.mark("yingyun:preview-image");
}

function awaitFirstPicture() {
  const slow = setTimeout(() => wait.hidden = false, 200);
  const done = () => {
    clearTimeout(slow);
    wait.hidden = true;
  };
  picture.addEventListener("load", () => {
    markFirstPicture();
    done();
  }, { once: true });
  picture.addEventListener("error", done, { once: true });
}

function setCaptions(frame) {
  root.querySelectorAll("[data-frame-number]").forEach((node) => {
    node.textContent = String(frame + 1);
  });
  if (!captions) return;
  const { marks, image_width: width, ...forms } = captions[frame];
  imageWidth = width;
  for (const [form, corners] of Object.entries(forms)) {
    for (const [corner, lines] of Object.entries(corners)) {
      const box = root.querySelector(`[data-corner="${form}.${corner}"]`);
      box.replaceChildren(...box.querySelectorAll("[data-zoom]"), ...lines.map(line));
    }
  }
  for (const [edge, letters] of Object.entries(marks)) {
    root.querySelector(`[data-mark="${edge}"]`).textContent = letters;
  }
}

function line(text) {
  const node = document.createElement("span");
  node.textContent = text;
  return node;
}

async function loadCaptions() {
  const answer = await fetch(captionsAddress, { credentials: "same-origin" });
  if (answer.ok) {
    captions = await answer.json();
    setCaptions(wanted);
  }
}

function refreshLinks(frame) {
  slider.value = String(frame + 1);
  slider.setAttribute("aria-valuetext", slider.dataset.valueText.replace("{n}", String(frame + 1)));
  const here = new URL(location.href);
  here.searchParams.set("frame", String(frame + 1));
  history.replaceState(null, "", here);
  root.querySelectorAll("[data-carry-frame]").forEach((link) => {
    const target = new URL(link.href);
    target.searchParams.set("frame", String(frame + 1));
    link.href = target.href;
  });
}

function preload(frame) {
  for (let step = 1; step <= neighbours; step += 1) {
    for (const near of [frame + step, frame - step]) {
      if (near >= 0 && near < frameCount) new Image().src = address(near);
    }
  }
}

async function show(frame) {
  wanted = Math.min(Math.max(frame, 0), frameCount - 1);
  const target = wanted;
  refreshLinks(target);
  setCaptions(target);
  const slow = setTimeout(() => wait.hidden = false, 200);
  const next = new Image();
  next.src = address(target);
  try {
    await next.decode();
    if (target === wanted) {
      picture.src = next.src;
      shown = target;
      failure.hidden = true;
      preload(target);
    }
  } catch {
    if (target === wanted) await explainFailure(next.src);
  } finally {
    clearTimeout(slow);
    if (target === wanted) wait.hidden = true;
  }
}

// An <img> does not say why it failed; asking once more tells a taken-back share from a lost line.
async function explainFailure(source) {
  let reason = "offline";
  try {
    const answer = await fetch(source, { credentials: "same-origin" });
    if ([401, 403, 404, 410].includes(answer.status)) reason = "ended";
    else if (!answer.ok) reason = "server";
  } catch {
    reason = "offline";
  }
  failure.textContent = failure.dataset[reason];
  failure.hidden = false;
  if (reason === "ended") {
    picture.removeAttribute("src");
    picture.hidden = true;
    captions = null;
    root.querySelectorAll("[data-corner], [data-mark]").forEach((block) => block.replaceChildren());
  }
}

// Along the bar only: the page itself stays at its top.
function showCurrentSeries() {
  const tab = root.querySelector(".series-tab[aria-current]");
  const bar = tab.parentElement;
  const [inner, outer] = [tab.getBoundingClientRect(), bar.getBoundingClientRect()];
  bar.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  bar.scrollTop += inner.top + inner.height / 2 - outer.top - outer.height / 2;
}

// Going on to another series, the mark stays as it is; on opening the study it is whole again.
function keepFolded(folded) {
  root.querySelectorAll("[data-keep-fold]").forEach((link) => {
    const target = new URL(link.href);
    if (folded) target.searchParams.set("folded", "1");
    else target.searchParams.delete("folded");
    link.href = target.href;
  });
}

// The zoom on this screen: CSS pixels for one pixel of the image, whatever size the picture has.
function showZoom(zoom) {
  if (!picture.naturalWidth) return;
  const { clientWidth: width, clientHeight: height } = stage;
  const fitted = Math.min(width / picture.naturalWidth, height / picture.naturalHeight);
  const share = (fitted * picture.naturalWidth * zoom) / imageWidth;
  root.querySelectorAll("[data-zoom]").forEach((node) => {
    node.hidden = false;
    node.textContent = root.dataset.zoomText.replace("{percent}", `${Math.round(share * 100)}%`);
  });
}

function listen() {
  picture.addEventListener("load", () => showZoom(transform.zoom));
  new ResizeObserver(() => transform.apply()).observe(stage);
  slider.addEventListener("input", () => show(Number(slider.value) - 1));
  root.querySelectorAll("[data-step]").forEach((link) => {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(wanted + Number(link.dataset.step));
    });
  });
  stage.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
    if (event.key in steps) show(wanted + steps[event.key]);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(frameCount - 1);
    else if (event.key === "0") transform.reset();
    else return;
    event.preventDefault();
  });
}

if (identity.folded) {
  // So it was on the series before; opened anew, the page begins with the whole mark.
  const here = new URL(location.href);
  here.searchParams.delete("folded");
  history.replaceState(null, "", here);
  keepFolded(true);
}
showCurrentSeries();
if (picture.complete && picture.naturalWidth) markFirstPicture();
else awaitFirstPicture();
picture.addEventListener("error", () => explainFailure(picture.src), { once: true });
listen();
loadCaptions();
preload(shown);
// Whoever was quicker than this script has the slider where the picture should be.
if (Number(slider.value) - 1 !== shown) show(Number(slider.value) - 1);
