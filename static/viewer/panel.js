// The controls around the pictures: what is pressed, what cannot be used and why, paging, notices.

import { Hints } from "./hints.js";
import { inLanguage, Panes, setText } from "./panes.js";

const SPEAK_AFTER = 600; // milliseconds
const WAIT_AFTER = 150;
const NOTICE_SECONDS = 6;
const UNDO_SECONDS = 12;
// Commands whose choice in a sheet is what a finger does, or goes on: the button of the sheet shows it.
const IN_HAND = ["annotation.measure", "annotation.mark", "tool.choose", "reference.toggle", "cine.toggle"];

export class Panel {
  constructor(root, texts) {
    this.root = root;
    this.texts = texts;
    this.find = (selector) => root.querySelector(selector);
    this.spoken = null;
    this.pressed = [];
    this.panes = new Panes(root);
    this.hints = new Hints(root, texts);
    this.touched = null;
    this.waiting = null;
  }

  show(scene) {
    this.panes.show(scene.panes);
    this.#showMode(scene);
    this.hints.show(scene);
    this.#showPaging(scene);
    this.#showPressedOnce(scene);
    this.wait(scene.waiting);
  }

  // What comes at once is not announced: words that flash up at each picture would be a flicker.
  wait(waiting) {
    if (waiting === this.waiting) return;
    this.waiting = waiting;
    const box = this.find("[data-waiting]");
    this.find("[data-stage]").setAttribute("aria-busy", String(waiting));
    clearTimeout(this.waits);
    if (waiting) this.waits = setTimeout(() => (box.hidden = false), WAIT_AFTER);
    else box.hidden = true;
  }

  // What belongs to the reformats is there only while they are.
  #showMode({ mode }) {
    if (this.root.dataset.reading !== mode) {
      this.root.dataset.reading = mode;
      for (const part of this.root.querySelectorAll("[data-mode]")) part.hidden = part.dataset.mode !== mode;
    }
  }

  #showPaging({ frame_index: index, frame_count: count, series_id: seriesId }) {
    const slider = this.find("[data-slider]");
    slider.max = Math.max(count - 1, 0);
    slider.disabled = count < 2;
    if (document.activeElement !== slider || Number(slider.value) !== index) slider.value = index;
    const words = this.texts.frame.replace("{n}", index + 1).replace("{total}", count);
    slider.setAttribute("aria-valuetext", count ? words : "");
    setText(this.find("[data-frame-number]"), count ? String(index + 1) : "–");
    setText(this.find("[data-frame-count]"), count ? String(count) : "–");
    for (const entry of this.root.querySelectorAll("[data-series]")) {
      entry.setAttribute("aria-current", String(entry.dataset.series === seriesId));
    }
    if (count) this.speak(words);
  }

  // Few steps of a reader change what is pressed; to look at every button takes its time.
  #showPressedOnce({ in_force, unfitting }) {
    // What did not change is the very object that it was.
    if (in_force === this.pressed[0] && unfitting === this.pressed[1]) return;
    this.#showPressed({ in_force, unfitting });
    this.pressed = [in_force, unfitting];
  }

  #showPressed({ in_force: inForce, unfitting }) {
    for (const button of this.root.querySelectorAll("[data-command]")) {
      const { command, choice } = button.dataset;
      explain(button, unfitting[command] ?? unfitting[`${command}/${choice}`]);
      if (!(command in inForce) || !button.hasAttribute("aria-pressed")) continue;
      const pressed = choice === undefined ? inForce[command] : inForce[command] === Number(choice);
      if (button === this.touched) this.#announce(button, pressed);
      button.setAttribute("aria-pressed", String(pressed));
    }
    this.touched = null;
    for (const opener of this.root.querySelectorAll("[data-menu]")) this.#showSheet(opener);
  }

  // What a button did is heard, too, by whoever does not see it.
  #announce(button, pressed) {
    if (button.getAttribute("aria-pressed") === String(pressed)) return;
    const name = button.getAttribute("aria-label") ?? button.textContent.trim();
    this.speak(this.texts[pressed ? "on" : "off"].replace("{name}", name));
  }

  // The button of a sheet shows what is chosen in it, and is of no use when nothing in it is.
  #showSheet(opener) {
    const sheet = document.getElementById(opener.getAttribute("aria-controls"));
    const chips = [...sheet.querySelectorAll("[data-command]")];
    const useless = chips.every((chip) => chip.disabled);
    explain(opener, useless ? chips[0].title : undefined);
    const { shows } = opener.dataset;
    const chosen = shows && sheet.querySelector(`[data-command="${shows}"][aria-pressed="true"]`);
    setText(opener.querySelector("[data-menu-value]"), chosen ? `·${chosen.textContent.trim()}` : "");
    opener.toggleAttribute("data-in-hand", Boolean(chosen) && IN_HAND.includes(shows));
  }

  // Spoken for those who do not see the picture, once it has come to rest.
  speak(words) {
    if (words === this.spoken) return;
    this.spoken = words;
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => setText(this.find("[data-live]"), words), SPEAK_AFTER);
  }

  // `share` null: under way, nobody knows how far.
  progress(words, share) {
    const bar = this.find("[data-progress]");
    bar.hidden = words === "";
    setText(bar.querySelector("[data-progress-text]"), words);
    const meter = bar.querySelector("progress");
    if (share === null) meter.removeAttribute("value");
    else meter.value = share;
  }

  // A notice that `lasts` stands until it is taken away; the others are read and go. `way` back:
  // {label, go}, a button beside the words, which then stand a little longer.
  notice(words, lasts = false, way = null) {
    const box = this.find("[data-notice]");
    box.hidden = words === "";
    setText(box, words);
    if (way) box.append(this.#button(way));
    clearTimeout(this.noticed);
    const seconds = way ? UNDO_SECONDS : NOTICE_SECONDS;
    if (!lasts) this.noticed = setTimeout(() => (box.hidden = true), seconds * 1000);
  }

  #button({ label, go }) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "notice-way", textContent: label });
    button.addEventListener("click", () => {
      this.notice("");
      go();
    });
    return button;
  }
}

// A button that cannot be used says why where it is pointed at.
function explain(button, reason) {
  button.dataset.title ??= button.title;
  button.disabled = reason !== undefined;
  const title = reason === undefined ? button.dataset.title : inLanguage(reason);
  if (button.title !== title) button.title = title;
}
