// Sheets over the tools, and the ways to put them away: a choice, a tap beside them, a finger that
// draws them down, Escape. What lies over the picture on a small screen goes in the same ways.

import { swipedDown } from "./swipe.js";

// Open only until something is chosen; the list of series stays.
const PASSING = "[data-menu], [data-unshown], [data-tools-all]";
// What the worker opens is closed through it, by its own button.
const PANELS = [".marks-panel", ".drawer"];
// Tools that are taken from a sheet to the picture: it must not lie where they are put down.
const TAKEN = ["tool.choose", "annotation.measure", "annotation.mark"].map((name) => `[data-command='${name}']`).join();
const CLOSE = ".marks-close, .drawer-close";
const LIES_OVER = matchMedia("(max-width: 899px)");
// Here a sheet leaves too little of the picture to judge a choice by.
const LOW = matchMedia("(max-height: 539px)");

export class Sheets {
  #root;

  constructor(root) {
    this.#root = root;
    root.addEventListener("click", (event) => this.#clicked(event.target));
    document.addEventListener("pointerdown", (event) => this.#pressed(event.target));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#escaped());
    for (const opener of root.querySelectorAll("[aria-controls]")) {
      swipedDown(sheetOf(opener), () => isOpen(opener) && this.#toggle(opener));
    }
    for (const panel of root.querySelectorAll(PANELS)) swipedDown(panel, () => closePanel(panel));
  }

  close() {
    this.#open().forEach((opener) => this.#toggle(opener));
  }

  #open() {
    return [...this.#root.querySelectorAll(PASSING)].filter(isOpen);
  }

  #clicked(target) {
    if (target.closest("[data-command]")) {
      // A sheet with more to choose stays, unless a tool is taken from it to the picture; a tap there
      // puts it away.
      const done = LOW.matches || target.closest(TAKEN);
      if (done || !target.closest(".sheet-row:not(:only-child)")) this.close();
      return;
    }
    const opener = target.closest("[aria-controls]");
    if (opener) {
      if (opener.matches(PASSING) && !isOpen(opener)) this.close();
      this.#toggle(opener);
    } else if (target.closest("[data-stage]") && LIES_OVER.matches) {
      this.#root.querySelectorAll(PANELS).forEach(closePanel);
    }
  }

  // What the tap beside a sheet falls on works all the same: a line can be drawn at once.
  #pressed(target) {
    for (const opener of this.#open()) {
      if (!opener.contains(target) && !sheetOf(opener).contains(target)) this.#toggle(opener);
    }
  }

  #escaped() {
    const [opener] = this.#open();
    const series = this.#root.querySelector(".series-toggle");
    if (opener) {
      this.close();
      opener.focus({ preventScroll: true });
    } else if (isOpen(series) && sheetOf(series).contains(document.activeElement)) {
      this.#toggle(series);
      series.focus({ preventScroll: true });
    } else {
      this.#root.querySelectorAll(".marks-panel").forEach(closePanel);
    }
  }

  #toggle(opener) {
    const open = !isOpen(opener);
    opener.setAttribute("aria-expanded", String(open));
    // The strip itself grows to show all that is in it.
    if ("toolsAll" in opener.dataset) opener.closest(".viewer-tools").toggleAttribute("data-all", open);
    else sheetOf(opener).hidden = !open;
  }
}

const isOpen = (opener) => opener.getAttribute("aria-expanded") === "true";
const sheetOf = (opener) => document.getElementById(opener.getAttribute("aria-controls"));

function closePanel(panel) {
  if (!panel.hidden && panel.checkVisibility?.() !== false) panel.querySelector(CLOSE)?.click();
}
