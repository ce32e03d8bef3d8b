// Measurements and marks around the picture: their list, their words, keeping them on the server.
// What they are and what they measure is decided in viewer_py.

import { AnnotationKeeper } from "./annotation-keeper.js";
import { saveFile, savePicture } from "./annotation-files.js";
import { setText } from "./panes.js";

const SPEAK_AFTER = 600; // milliseconds: a result is spoken once it has come to rest
const CHINESE = document.documentElement.lang.startsWith("zh");

export class Annotations {
  #root;
  #link;
  #panel;
  #box;
  #texts;
  #keeper;
  #asked = "";
  #rows = [];
  #spoken = "";
  #speaking = 0;

  constructor(root, link, panel) {
    this.#root = root;
    this.#link = link;
    this.#panel = panel;
    this.#box = root.querySelector("[data-marks-panel]");
    this.#texts = JSON.parse(this.#box.dataset.texts);
    this.#keeper = new AnnotationKeeper(this.#box.dataset.base, {
      load: (document, base) => link.ask({ type: "command", name: "annotation.load", args: { document, ...(base && { base }) } }),
      said: (word, detail) => this.#sayKept(word, detail),
    });
    this.#bind();
  }

  // Called once the first picture is there.
  begin() {
    this.#keeper.begin();
  }

  show({ rows, selected, asks, listed, document: changed }) {
    this.#rows = rows;
    this.#box.hidden = !listed;
    this.#root.toggleAttribute("data-marks-open", listed);
    setText(this.#box.querySelector("[data-marks-count]"), rows.length ? String(rows.length) : "");
    this.#box.querySelector("[data-marks-empty]").hidden = rows.length > 0;
    if (listed) this.#showRows(rows, selected);
    this.#speak(rows.find((row) => row.id === selected));
    if (asks !== this.#asked) this.#ask(asks);
    this.#asked = asks;
    if (changed) this.#keeper.changed(changed);
  }

  #run(name, args = {}) {
    this.#link.send({ type: "command", name, args });
  }

  #label(row) {
    const kind = this.#texts.kinds[row.kind];
    return row.text ? `${kind} · ${row.text}` : kind;
  }

  #place(row) {
    // Which image it is, is known when the series has been read.
    const form = row.reformatted ? "reformat" : row.image_number === null ? "series" : "image";
    return this.#texts[form].replace("{series}", row.series_number ?? "–").replace("{image}", row.image_number);
  }

  #showRows(rows, selected) {
    const list = this.#box.querySelector("[data-marks-list]");
    const template = this.#box.querySelector("[data-mark-row]");
    while (list.children.length > rows.length) list.lastChild.remove();
    while (list.children.length < rows.length) list.append(template.content.cloneNode(true));
    rows.forEach((row, number) => this.#showRow(list.children[number], row, row.id === selected));
  }

  #showRow(item, row, selected) {
    const part = (name) => item.querySelector(`[data-${name}]`);
    item.dataset.annotation = row.id;
    item.classList.toggle("mark-selected", selected);
    item.classList.toggle("mark-hidden", !row.shown);
    part("go").setAttribute("aria-current", String(selected));
    part("go").title = this.#texts.go;
    setText(part("name"), this.#label(row));
    setText(part("values"), words(row).join(" · "));
    setText(part("place"), this.#place(row));
    for (const [name, says] of [["rename", "rename"], ["remove", "remove"], ["hide", row.shown ? "hide" : "show"]]) {
      const label = `${this.#texts[says]} ${this.#label(row)}`;
      part(name).title = this.#texts[says];
      part(name).setAttribute("aria-label", label);
    }
    part("hide").setAttribute("aria-pressed", String(!row.shown));
  }

  #speak(row) {
    const said = row ? [this.#label(row), ...words(row)].join("，") : "";
    if (said === this.#spoken) return;
    this.#spoken = said;
    clearTimeout(this.#speaking);
    this.#speaking = setTimeout(() => setText(this.#root.querySelector("[data-marks-live]"), said), SPEAK_AFTER);
  }

  #bind() {
    this.#box.addEventListener("click", (event) => {
      const row = event.target.closest("[data-annotation]");
      const button = event.target.closest("button");
      if (!button) return;
      if (row) this.#act(button.dataset, row.dataset.annotation);
      else if ("clear" in button.dataset) this.#clear();
      else if (button.dataset.export) this.#export(button.dataset.export);
    });
    this.#box.querySelector("[data-import]").addEventListener("change", (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) this.#import(file);
    });
  }

  #act(data, id) {
    if ("go" in data) this.#run("annotation.go", { id });
    else if ("rename" in data) this.#run("annotation.ask", { id });
    else if ("hide" in data) this.#run("annotation.hide", { id });
    else if ("remove" in data) this.#run("annotation.remove", { id });
  }

  // Real fields and a real form: every keyboard and input method works with them.
  #ask(id) {
    const dialog = this.#root.querySelector("[data-mark-dialog]");
    if (!id) {
      if (dialog.open) dialog.close("");
      return;
    }
    const field = dialog.querySelector("input");
    const before = this.#rows.find((row) => row.id === id)?.text ?? "";
    field.value = before;
    dialog.returnValue = "";
    dialog.onclose = () => {
      const text = dialog.returnValue === "ok" ? field.value : before;
      if (this.#asked === id) this.#run("annotation.name", { id, text });
    };
    // Enter means the second button, not the first in the form.
    dialog.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key !== "Enter" || event.isComposing || event.target !== field) return;
      event.preventDefault();
      dialog.close("ok");
    };
    dialog.showModal();
    field.focus();
    field.select();
  }

  #clear() {
    if (!this.#rows.length) return;
    const dialog = this.#root.querySelector("[data-clear-dialog]");
    setText(dialog.querySelector("[data-clear-words]"), this.#texts.clear.replace("{n}", this.#rows.length));
    dialog.returnValue = "";
    dialog.onclose = () => dialog.returnValue === "ok" && this.#run("annotation.clear");
    dialog.showModal();
  }

  async #export(form) {
    try {
      if (form === "png") {
        const picture = await this.#link.ask({ type: "picture" });
        await savePicture(picture, `${this.#texts.picture}.png`, this.#root.querySelector("[data-picture-dialog]"));
        return;
      }
      if (!this.#rows.length) {
        this.#panel.notice(this.#texts.no_export);
        return;
      }
      const file = form === "json" ? this.#keeper.file() : await this.#keeper.report();
      saveFile(file, `annotations.${form}`);
    } catch (error) {
      this.#panel.notice(error.message);
    }
  }

  async #import(file) {
    try {
      const { document: taken, left_out: left } = await this.#keeper.read(file);
      await this.#link.ask({ type: "command", name: "annotation.load", args: { document: JSON.stringify(taken) } });
      const done = this.#texts.taken.replace("{n}", taken.annotations.length);
      this.#panel.notice(left.length ? `${done} ${this.#texts.left_out}${left.join("；")}` : done);
    } catch (error) {
      this.#panel.notice(`${this.#texts.not_taken}${error.message}`);
    }
  }

  #sayKept(word, detail = "") {
    const line = this.#box.querySelector("[data-marks-saved]");
    setText(line, `${this.#texts[word]}${detail}`);
    line.dataset.state = word;
    if (word === "unsaved" || word === "refused" || word === "unread") this.#panel.notice(`${this.#texts[word]}${detail}`, true);
    if (word === "again") this.#panel.notice(this.#texts.again);
  }
}

function words(row) {
  return row.words[CHINESE ? "zh" : "en"];
}
