// The table of DICOM elements of the image in the active pane, with a search over all of it.

import { setText } from "./panes.js";

const SETTLED = 200; // milliseconds that an image stays before its elements are fetched
const CHINESE = document.documentElement.lang.startsWith("zh");
const ENDED = [401, 403, 410];

export class Tags {
  #base;
  #texts;
  #body;
  #search;
  #note;
  #rows = [];
  #shown = "";
  #wanted = null;
  #waiting;
  #fetching = new AbortController();
  #words = "";

  constructor(drawer, base) {
    this.drawer = drawer;
    this.#base = base;
    this.#texts = JSON.parse(drawer.dataset.texts);
    this.#body = drawer.querySelector("[data-tags-rows]");
    this.#search = drawer.querySelector("[data-tags-search]");
    this.#note = drawer.querySelector("[data-tags-note]");
    this.#search.addEventListener("input", () => this.#filter());
  }

  // Follows the current image; the elements are those of its object.
  follow(tags) {
    clearTimeout(this.#waiting);
    if (!tags?.sop_instance_uid) return;
    this.#wanted = tags;
    const address = this.#address(tags);
    if (address === this.#shown) this.#say();
    else this.#waiting = setTimeout(() => this.#fetch(address), this.#rows.length ? SETTLED : 0);
  }

  forget() {
    clearTimeout(this.#waiting);
    this.#fetching.abort();
    this.#shown = "";
    this.#rows = [];
    this.#body.replaceChildren();
    setText(this.#note, "");
  }

  #address({ base, series_id: series, sop_instance_uid: sop }) {
    return `${base || this.#base}/series/${encodeURIComponent(series)}/instances/${encodeURIComponent(sop)}/tags.json`;
  }

  async #fetch(address) {
    this.#fetching.abort(); // of the image before
    this.#fetching = new AbortController();
    const { signal } = this.#fetching;
    if (!this.#rows.length) setText(this.#note, this.#texts.loading);
    try {
      const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", signal });
      if (!answer.ok) throw new Error(ENDED.includes(answer.status) ? "ended" : "missing");
      const table = await answer.json();
      if (signal.aborted) return;
      this.#shown = address;
      this.#show(table);
    } catch (error) {
      if (signal.aborted) return;
      this.forget();
      setText(this.#note, this.#texts[error.message] ?? this.#texts.missing);
    }
  }

  #show({ rows, masked, complete }) {
    this.#words = [masked && this.#texts.masked, !complete && this.#texts.cut].filter(Boolean).join(" · ");
    this.#rows = [];
    this.#add(rows, 0, null);
    this.#body.replaceChildren(...this.#rows.map(({ element }) => element));
    this.#filter();
  }

  #add(rows, depth, parent) {
    for (const row of rows) {
      const element = this.#row(row, depth);
      const name = CHINESE ? row.name : row.name_en;
      const text = `(${row.group},${row.element}) ${row.group}${row.element} ${row.keyword} ${row.name} ${row.name_en} ${row.value} ${row.meaning} ${row.private_creator}`;
      const entry = { element, parent, name, text: text.toLowerCase() };
      this.#rows.push(entry);
      row.items.forEach((item, place) => {
        const head = this.#head(place, depth + 1);
        const heading = { element: head, parent: entry, text: "" };
        this.#rows.push(heading);
        this.#add(item, depth + 1, heading);
      });
    }
  }

  #head(place, depth) {
    const element = document.createElement("tr");
    element.className = "tag-item";
    const words = cell("th", this.#texts.item.replace("{n}", place + 1), "tag-number");
    words.colSpan = 4;
    words.scope = "colgroup";
    words.style.setProperty("--depth", depth);
    element.append(words);
    return element;
  }

  #row(row, depth) {
    const element = document.createElement("tr");
    const number = cell("th", `(${row.group},${row.element})`, "tag-number");
    number.scope = "row";
    number.style.setProperty("--depth", depth);
    const name = cell("td", CHINESE ? row.name : row.name_en, "tag-name");
    const under = row.keyword || row.private_creator;
    if (under) name.append(cell("small", under));
    element.append(number, cell("td", row.vr, "tag-vr"), name, this.#value(row));
    return element;
  }

  #value(row) {
    const words = row.binary
      ? this.#texts.binary.replace("{n}", row.length)
      : row.vr === "SQ" && !row.masked
        ? this.#texts.items.replace("{n}", row.items.length)
        : row.value || (row.masked ? this.#texts.hidden : "");
    const value = cell("td", words, row.masked || row.binary ? "tag-value tag-soft" : "tag-value");
    if (row.meaning) value.append(cell("small", row.meaning));
    if (row.cut) value.append(cell("small", this.#texts.cut));
    return value;
  }

  // A row that is found stands with what it is in.
  #filter() {
    const wanted = this.#search.value.trim().toLowerCase();
    const found = new Set();
    for (const row of this.#rows) {
      if (!wanted || !row.text.includes(wanted)) continue;
      for (let one = row; one && !found.has(one); one = one.parent) found.add(one);
    }
    for (const row of this.#rows) row.element.hidden = wanted !== "" && !found.has(row);
    this.#say();
  }

  #say() {
    const count = this.#rows.filter((row) => row.text).length;
    const wanted = this.#search.value.trim().toLowerCase();
    const found = wanted ? this.#rows.filter((row) => row.text.includes(wanted)).length : count;
    const words = wanted
      ? this.#texts.found.replace("{found}", found)
      : this.#texts.image.replace("{n}", this.#wanted?.frame_number ?? "");
    setText(this.#note, [words.replace("{count}", count), this.#words].filter(Boolean).join(" · "));
  }
}

function cell(name, text, className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}
