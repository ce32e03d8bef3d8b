// What stands beside the pictures when it is asked for: other studies here, DICOM elements in
// tags.js. Loaded when it is first needed; what is open is decided by the worker.

import { inLanguage, setText } from "./panes.js";
import { Tags } from "./tags.js";

export class Drawers {
  #root;
  #send;
  #tags;
  #history;
  #texts;
  #list;
  #opener = null;
  #listed = "";

  constructor(root, base, send) {
    this.#root = root;
    this.#send = send;
    this.#tags = new Tags(root.querySelector("[data-drawer='tags']"), base);
    this.#history = root.querySelector("[data-drawer='history']");
    this.#texts = JSON.parse(this.#history.dataset.texts);
    this.#list = this.#history.querySelector("[data-history-list]");
    setText(this.#history.querySelector("[data-history-note]"), this.#texts.loading);
    for (const [drawer, command] of [[this.#tags.drawer, "tags.toggle"], [this.#history, "history.toggle"]]) {
      drawer.addEventListener("keydown", (event) => event.key === "Escape" && send(command, {}));
    }
  }

  show({ tags, history, hanging }) {
    this.#toggle(this.#tags.drawer, tags !== null);
    this.#toggle(this.#history, history.shown);
    this.#tags.follow(tags);
    this.#showAdded(history);
    const rule = this.#root.querySelector("[data-hanging]");
    rule.hidden = !hanging;
    setText(rule, hanging ? this.#texts.hanging.replace("{rule}", inLanguage(hanging)) : "");
  }

  // Access has ended: nothing that was read stays.
  forget() {
    this.#tags.forget();
    this.#list.replaceChildren();
    this.#root.querySelectorAll("#series-list [data-study]").forEach((one) => one.remove());
    this.#root.querySelectorAll("[data-pane-study]").forEach((one) => (one.hidden = true));
    for (const drawer of [this.#tags.drawer, this.#history]) this.#toggle(drawer, false);
  }

  // Whoever came by keyboard finds himself in the drawer, and afterwards where he was.
  #toggle(drawer, open) {
    if (drawer.open === open) return;
    if (open) {
      this.#opener = document.activeElement;
      drawer.show();
    } else {
      const inside = drawer.contains(document.activeElement);
      drawer.close();
      if (inside) this.#opener?.focus({ preventScroll: true });
    }
  }

  list(studies) {
    setText(this.#history.querySelector("[data-history-note]"), studies.length ? "" : this.#texts.none);
    this.#list.replaceChildren(...studies.map((study) => this.#study(study)));
    this.#listed = "";
  }

  #study(study) {
    const row = part("li", "study-row");
    row.dataset.study = study.study_id;
    const kind = [study.modality_label || study.modality, study.body_part].filter(Boolean).join(" · ");
    const words = part("div", "study-words");
    words.append(
      part("b", "study-date", study.study_date),
      part("span", "study-hospital", study.institution),
      part("span", "study-kind", `${kind} · ${study.description}`),
      part("span", "study-count", this.#texts.series.replace("{n}", study.series.length)),
    );
    const buttons = part("div", "study-buttons");
    buttons.append(this.#button("study.beside", study, "beside", true), this.#button("study.add", study, "add", false));
    row.append(words, buttons);
    row.series = study;
    return row;
  }

  #button(command, study, text, main) {
    const button = part("button", main ? "drawer-button drawer-button-main" : "drawer-button", this.#texts[text]);
    button.type = "button";
    button.setAttribute("aria-label", `${this.#texts[text]} ${study.study_date} ${study.institution}`);
    button.disabled = !study.series.length;
    button.addEventListener("click", () => this.#send(command, { study_id: study.study_id }));
    return button;
  }

  // The series of an added study stand in the list of series, below its hospital and date.
  #showAdded({ added, pairing }) {
    const shown = JSON.stringify([added, pairing]);
    if (shown === this.#listed) return;
    this.#listed = shown;
    for (const row of this.#list.children) {
      const { study } = row.dataset;
      const [beside, add] = row.querySelectorAll("button");
      setText(beside, this.#texts[pairing === study ? "pairing" : "beside"]);
      setText(add, this.#texts[added.includes(study) ? "added" : "add"]);
      add.disabled = added.includes(study) || !row.series.series.length;
      if (added.includes(study)) this.#listSeries(row.series);
    }
  }

  #listSeries(study) {
    const list = this.#root.querySelector("#series-list");
    if ([...list.children].some((one) => one.dataset.study === study.study_id)) return;
    const head = part("li", "series-study", `${study.study_date} ${study.institution}`);
    head.dataset.study = study.study_id;
    list.append(head, ...study.series.map((one) => this.#seriesEntry(study, one)));
  }

  #seriesEntry(study, one) {
    const button = part("button", "series-entry");
    button.type = "button";
    Object.assign(button.dataset, {
      series: one.series_id,
      command: "series.open",
      args: JSON.stringify({ series_id: one.series_id }),
    });
    const picture = Object.assign(part("img", "series-thumbnail"), {
      src: one.thumbnail_url, width: 64, height: 64, alt: "", loading: "lazy",
    });
    const words = part("span", "series-words");
    const facts = part("span", "series-facts");
    const number = this.#texts.number.replace("{n}", one.series_number ?? "-");
    facts.append(
      part("b", "series-modality", one.modality_label || one.modality),
      ` ${number} · ${this.#texts.images.replace("{n}", one.frame_count)}`,
    );
    words.append(part("span", "series-name", one.description || this.#texts.unnamed), facts);
    button.append(picture, words);
    const row = part("li", "");
    row.dataset.study = study.study_id;
    row.append(button);
    return row;
  }
}

function part(name, className, text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}
