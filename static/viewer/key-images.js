// The key images of a reader: loaded after the first picture, kept one by one, shown as a strip in
// the list of series. Which images are marked is decided by the worker.

import { setText } from "./panes.js";

const RETRY = [2000, 5000, 10000, 30000];
const ENDED = [401, 403, 404, 410];

export class KeyImages {
  #root;
  #base;
  #link;
  #hooks;
  #saved = new Map();
  #wanted = [];
  #ready = false;
  #kept = true;
  #busy = false;
  #stopped = false;
  #failures = 0;
  #timer;
  #shown = "[]";
  #strip = null;
  #undoing = false;

  constructor(root, base, link, hooks) {
    this.#root = root;
    this.#base = base;
    this.#link = link;
    this.#hooks = hooks;
  }

  async begin() {
    if (this.#stopped) return;
    try {
      const { kept, images } = await this.#ask("GET");
      this.#kept = kept;
      this.#saved = byName(images);
      // Not before they are all in the worker: what it lacks would be taken for unmarked.
      if (images.length) {
        const args = { images: JSON.stringify(images) };
        this.#wanted = (await this.#link.ask({ type: "command", name: "key.load", args })).key_images;
      }
      this.#ready = true;
      this.#failures = 0;
      this.#save();
    } catch (error) {
      this.#failed(error, () => this.begin());
    }
  }

  show(images) {
    if (this.#ready) this.#offerUndo(this.#wanted, images);
    this.#wanted = images;
    const shown = JSON.stringify(images);
    if (shown !== this.#shown) this.#draw(images);
    this.#shown = shown;
    if (this.#ready) this.#save();
  }

  // One more or one less is a reader's doing: said, with a way back. Taking it back is not said.
  #offerUndo(before, images) {
    const step = images.length - before.length;
    if (!step) return;
    const undone = this.#undoing;
    this.#undoing = false;
    if (undone || Math.abs(step) !== 1) return;
    this.#hooks.changed(step > 0 ? "marked" : "unmarked", () => {
      this.#undoing = true;
      const args = { images: JSON.stringify(before) };
      this.#link.send({ type: "command", name: "key.restore", args });
    });
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#strip?.remove();
  }

  // One after the other: each answer is what the server keeps.
  async #save() {
    if (this.#busy || this.#stopped || !this.#kept) return;
    const wanted = byName(this.#wanted);
    const added = [...wanted.keys()].find((name) => !this.#saved.has(name));
    const gone = [...this.#saved.keys()].find((name) => !wanted.has(name));
    const name = added ?? gone;
    if (name === undefined) return;
    const { series_id, sop_instance_uid, frame_number } = (wanted.get(name) ?? this.#saved.get(name));
    this.#busy = true;
    try {
      await this.#ask("POST", { series_id, sop_instance_uid, frame_number, marked: added !== undefined });
      if (added === undefined) this.#saved.delete(name);
      else this.#saved.set(name, wanted.get(name));
      if (this.#failures) this.#hooks.said("");
      this.#failures = 0;
      this.#busy = false;
      this.#save();
    } catch (error) {
      this.#busy = false;
      this.#failed(error, () => this.#save());
    }
  }

  async #ask(method, body) {
    const headers = { Accept: "application/json" };
    const token = document.querySelector("meta[name='csrf-token']")?.content;
    if (body) Object.assign(headers, { "Content-Type": "application/json" }, token && { "X-CSRFToken": token });
    const answer = await fetch(`${this.#base}/key-images.json`, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw Object.assign(new Error(String(answer.status)), { status: answer.status });
    return answer.json();
  }

  #failed(error, again) {
    if (this.#stopped || ENDED.includes(error.status)) return;
    const wait = RETRY[Math.min(this.#failures, RETRY.length - 1)];
    this.#failures += 1;
    if (this.#ready) this.#hooks.said("unsaved");
    this.#timer = setTimeout(again, wait);
  }

  async #draw(images) {
    if (!images.length) {
      this.#strip?.remove();
      this.#strip = null;
      return;
    }
    await this.#hooks.styled();
    if (this.#stopped) return;
    if (!this.#strip) {
      const template = this.#root.querySelector("[data-key-strip]");
      this.#strip = template.content.firstElementChild.cloneNode(true);
      this.#root.querySelector("#series-list").prepend(this.#strip);
      this.#strip.querySelector("[data-key-export]").hidden = !this.#kept;
    }
    setText(this.#strip.querySelector("[data-key-count]"), String(images.length));
    this.#strip.querySelector("[data-key-images]").replaceChildren(...images.map((one) => this.#picture(one)));
  }

  #picture({ series_id: series, frame_index: frame }) {
    const label = this.#strip.dataset.label.replace("{n}", frame + 1);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "key-picture", title: label });
    button.setAttribute("aria-label", label);
    Object.assign(button.dataset, { command: "series.open", args: JSON.stringify({ series_id: series, frame }) });
    const picture = Object.assign(document.createElement("img"), {
      src: `${this.#base}/series/${encodeURIComponent(series)}/pictures/${frame}/fast`, alt: "", loading: "lazy",
    });
    // Where only DICOM is shared there are no pictures; the number says which image it is.
    picture.onerror = () => picture.remove();
    const number = document.createElement("span");
    number.textContent = String(frame + 1);
    button.append(picture, number);
    return button;
  }
}

const nameOf = (one) => `${one.series_id} ${one.sop_instance_uid} ${one.frame_number}`;
const byName = (images) => new Map(images.map((one) => [nameOf(one), one]));
