// The words that lie over each pane. Shows what the worker says, and nothing of its own.

import { worded } from "./words.js";

// CSS pixels of a pane's side below which there is no room for a scale bar, or for letters.
const TINY = 160;
const LEAST = 90;

const CHINESE = document.documentElement.lang.startsWith("zh");

export class Panes {
  #first;
  #firstWords;
  #panes;
  #shown = [];

  constructor(root) {
    this.#panes = root.querySelector("[data-panes]");
    this.#first = this.#panes.querySelector("[data-pane]");
    this.#firstWords = [...this.#first.querySelectorAll("[data-corner] > *")];
    this.#shown = [this.#first];
  }

  show(panes) {
    this.#firstWords.splice(0).forEach((line) => line.remove());
    while (this.#shown.length > panes.length) this.#shown.pop().remove();
    while (this.#shown.length < panes.length) {
      this.#shown.push(this.#panes.appendChild(this.#first.cloneNode(true)));
    }
    panes.forEach((pane, place) => this.#showPane(this.#shown[place], pane, panes.length > 1));
  }

  #showPane(element, pane, several) {
    const [left, top, width, height] = pane.area;
    Object.assign(element.style, several
      ? { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` }
      : { left: "", top: "", width: "", height: "" });
    element.dataset.pane = pane.index;
    element.dataset.kind = pane.kind;
    element.classList.toggle("pane-one", !several);
    element.classList.toggle("pane-active", several && pane.active);
    element.classList.toggle("pane-small", pane.small);
    element.classList.toggle("pane-tiny", several && (width < TINY || height < TINY));
    element.classList.toggle("pane-least", several && (width < LEAST || height < LEAST));
    for (const [corner, lines] of Object.entries(pane.corners)) {
      const badges = corner === "bottom_left" ? pane.badges : [];
      showWords(element.querySelector(`[data-corner="${corner}"]`), badges, lines);
    }
    for (const [edge, letters] of Object.entries(pane.marks)) {
      setText(element.querySelector(`[data-mark="${edge}"]`), letters);
    }
    showScale(element.querySelector("[data-scale]"), pane.scale);
    showBar(element.querySelector("[data-bar]"), pane.bar);
    showFailure(element.querySelector("[data-pane-failure]"), pane.failure);
    showStudy(element, pane.study);
    element.querySelector(".pane-offer").hidden = pane.kind !== "empty";
  }
}

function showWords(box, badges, lines) {
  const words = [...badges, ...lines];
  while (box.children.length > words.length) box.lastChild.remove();
  words.forEach((line, place) => {
    const span = box.children[place] ?? box.appendChild(document.createElement("span"));
    setText(span, worded(line));
    span.classList.toggle("badge", place < badges.length);
  });
}

function showScale(bar, scale) {
  bar.hidden = !scale;
  if (!scale) return;
  bar.querySelector("[data-scale-line]").style.width = `${scale.length_css}px`;
  const length = scale.length_mm >= 10 ? `${scale.length_mm / 10} cm` : `${scale.length_mm} mm`;
  setText(bar.querySelector("[data-scale-text]"), `${length} ${worded(scale.calibration)}`.trim());
}

// Whose images these are, as soon as those of two studies are on the screen.
function showStudy(pane, study) {
  const box = pane.querySelector("[data-pane-study]");
  pane.classList.toggle("pane-labelled", Boolean(study));
  box.hidden = !study;
  if (!study) return;
  box.dataset.kind = study.kind;
  const [day, hospital] = box.children;
  setText(day, `${box.dataset[study.kind]} ${study.date}`);
  setText(hospital, study.institution);
}

function showFailure(box, words) {
  box.hidden = !words;
  setText(box, inLanguage(words));
}

// Words of the worker come as "中文 / English".
export function inLanguage(words) {
  const [chinese, ...english] = words.split(" / ");
  return CHINESE || !english.length ? chinese : english.join(" / ");
}

// The highest value is at the top.
function showBar(bar, shown) {
  bar.hidden = !shown;
  if (!shown) return;
  const colors = shown.colors.join(",");
  const ramp = bar.querySelector("[data-bar-ramp]");
  if (ramp.dataset.colors !== colors) ramp.style.background = `linear-gradient(to top, ${colors})`;
  ramp.dataset.colors = colors;
  setText(bar.querySelector("[data-bar-high]"), `${shown.high} ${shown.unit}`.trim());
  setText(bar.querySelector("[data-bar-low]"), shown.low);
}

// New words in the node that is there: a new node would leave the layout of the old one behind,
// picture after picture.
export function setText(element, text) {
  if (!element || element.textContent === text) return;
  const node = element.childNodes.length === 1 ? element.firstChild : null;
  if (node?.nodeType === Node.TEXT_NODE) node.data = text;
  else element.textContent = text;
}
