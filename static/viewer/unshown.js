// What of the open series cannot be shown: how much of it at the pager, which and why in a list.

import { inLanguage, setText } from "./panes.js";

export class UnshownList {
  #button;
  #list;
  #spoken;
  #texts;

  constructor(root, texts) {
    this.#button = root.querySelector("[data-unshown]");
    this.#list = root.querySelector("[data-unshown-list]");
    this.#spoken = root.querySelector("[data-unshown-live]");
    this.#texts = texts;
  }

  show({ entries }) {
    const count = entries.reduce((sum, entry) => sum + entry.count, 0);
    const words = count ? this.#texts.unshown.replace("{n}", count) : "";
    this.#button.hidden = !count;
    if (!count) this.#close();
    this.#button.setAttribute("aria-label", words);
    this.#button.title = words;
    setText(this.#button.querySelector("[data-unshown-words]"), words);
    setText(this.#button.querySelector("[data-unshown-count]"), String(count));
    this.#list.querySelector("ul").replaceChildren(...entries.map(asItem));
    // Another series with as many is said again: what is put in anew is spoken anew.
    this.#spoken.replaceChildren(...(words ? [document.createTextNode(words)] : []));
  }

  #close() {
    this.#button.setAttribute("aria-expanded", "false");
    this.#list.hidden = true;
  }
}

function asItem({ images, reason }) {
  const item = document.createElement("li");
  const which = document.createElement("b");
  which.textContent = inLanguage(images);
  const why = document.createElement("span");
  why.textContent = inLanguage(reason);
  item.append(which, why);
  return item;
}
