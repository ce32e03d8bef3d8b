// What a reader is told over the picture: the next step of what he does, else, once on this device,
// what the tool in his hand is for.

import { inLanguage, setText } from "./panes.js";

const KEY = "yingyun:tips-told";
const MOVED = 10; // CSS pixels of a drag that tells that a tool is understood

export class Hints {
  #box;
  #words;
  #texts;
  #tips;
  #told = new Set(kept());
  #tip = ""; // the tool that is being told of
  #put = ""; // the words that were put away
  #shown = null;

  constructor(root, texts) {
    this.#box = root.querySelector("[data-hint]");
    this.#words = root.querySelector("[data-hint-words]");
    this.#texts = texts;
    this.#tips = JSON.parse(this.#box.dataset.tips);
    root.querySelector("[data-hint-close]").addEventListener("click", () => this.#putAway());
    this.#watch(root.querySelector("[data-stage]"));
  }

  show(scene) {
    const { hint, mode, tool } = scene;
    this.#shown = scene;
    this.#tip = this.#tipOf(mode, tool);
    const step = this.#texts[hint] ?? inLanguage(hint);
    const words = step || inLanguage(this.#tips[this.#tip] ?? "");
    if (words !== this.#put) this.#put = "";
    this.#box.hidden = !words || words === this.#put;
    setText(this.#words, this.#box.hidden ? "" : words);
    // Seen is told; it stands until the tool is used or another one taken.
    if (!step && !this.#box.hidden) this.#tell(this.#tip);
  }

  #tipOf(mode, tool) {
    const names = mode === "mpr" ? ["mpr", tool] : [tool];
    if (names.includes(this.#tip)) return this.#tip;
    // Who reads with a mouse has found out how to move a picture.
    const known = (name) => !this.#tips[name] || this.#told.has(name);
    return names.find((name) => !known(name) && (name !== "pan" || isTouch())) ?? "";
  }

  #tell(name) {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    keep([...this.#told]);
  }

  #putAway() {
    if (this.#isTip()) this.#tip = "";
    else this.#put = this.#words.textContent;
    if (this.#shown) this.show(this.#shown);
  }

  #isTip() {
    return this.#tip !== "" && this.#words.textContent === inLanguage(this.#tips[this.#tip]);
  }

  #watch(stage) {
    let from = null;
    stage.addEventListener("pointerdown", (event) => (from = event));
    stage.addEventListener("pointerup", (event) => {
      const moved = from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY);
      if (moved > MOVED && this.#isTip()) this.#putAway();
    });
  }
}

const isTouch = () => matchMedia("(pointer: coarse)").matches;

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return []; // the browser keeps nothing for this page
  }
}

function keep(names) {
  try {
    localStorage.setItem(KEY, JSON.stringify(names));
  } catch {
    // then it is told anew
  }
}
