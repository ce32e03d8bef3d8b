// The doctor's page: shows where Python says that toolbar and panels stand, keeps that for the
// account, and opens the list of keys.

const SAVE_AFTER = 400; // milliseconds
const TRY_AGAIN = 5000;
const SHOWN = ["toolbar", "navigation", "report"];

export class DoctorPage {
  #root;
  #saved = null;
  #wanted = {};
  #timer = 0;

  // `makeRoom` folds the mark away.
  constructor(root, kept, makeRoom) {
    this.#root = root;
    this.#saved = { ...kept };
    this.#bindKeys();
    this.#placeSheets(makeRoom);
    // What was changed a moment before leaving is kept too.
    window.addEventListener("pagehide", () => this.#timer && this.#save());
  }

  show({ kept, in_force: inForce, film }) {
    const asked = kept.report && this.#root.dataset.report === "false";
    for (const name of SHOWN) {
      const value = String(kept[name]);
      if (this.#root.dataset[name] !== value) this.#root.dataset[name] = value;
    }
    // Where it lies below the picture it may be below the window too.
    if (asked) this.#root.querySelector(".doctor-report").scrollIntoView({ block: "nearest" });
    this.#nameToolbarButton(kept.toolbar);
    this.#keep(kept);
    this.#root.dataset.free = String(inForce["mouse.mapping"] !== -1);
    // A film begins with the series that is being read, and shows it as it is shown here.
    const link = this.#root.querySelector("a[data-page='film']");
    if (link && film.series) link.search = new URLSearchParams(film);
  }

  // The button says where the bar would go, as the specification names it.
  #nameToolbarButton(place) {
    const button = this.#root.querySelector("[data-command='toolbar.place']");
    const words = this.#root.querySelector("[data-toolbar-words]").dataset;
    const label = place === "bottom" ? words.top : words.bottom;
    const text = button.querySelector(".tool-label");
    if (text.textContent !== label) text.textContent = label;
  }

  #keep(kept) {
    // Before anything was changed, what is not kept yet is as it always was.
    if (!Object.keys(this.#wanted).length) this.#saved = { ...kept, ...this.#saved };
    this.#wanted = kept;
    if (Object.keys(this.#unsaved()).length && !this.#timer) this.#later(SAVE_AFTER);
  }

  #unsaved() {
    return Object.fromEntries(Object.entries(this.#wanted).filter(([name, value]) => this.#saved[name] !== value));
  }

  #later(milliseconds) {
    this.#timer = setTimeout(() => this.#save(), milliseconds);
  }

  async #save() {
    const values = this.#unsaved();
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!Object.keys(values).length) return;
    const token = document.querySelector("meta[name='csrf-token']").content;
    try {
      const answer = await fetch(this.#root.dataset.preferences, {
        method: "PUT",
        credentials: "same-origin",
        keepalive: true,
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify(values),
      });
      if (answer.ok) Object.assign(this.#saved, values);
      else return; // whoever is signed out keeps nothing
    } catch {
      this.#later(TRY_AGAIN); // no network
      return;
    }
    if (Object.keys(this.#unsaved()).length && !this.#timer) this.#later(SAVE_AFTER);
  }

  // A sheet opens at its button, as far as the bar has room for it there, and in place of the mark
  // where that can fold away. The page has opened it by the time that a click arrives here.
  #placeSheets(makeRoom) {
    const bar = this.#root.querySelector(".viewer-tools");
    document.addEventListener("click", ({ target }) => {
      const opener = target.closest(".viewer-tools [aria-controls]");
      const sheet = opener && document.getElementById(opener.getAttribute("aria-controls"));
      if (!sheet || opener.getAttribute("aria-expanded") === "false") return;
      makeRoom();
      if (!sheet.matches(".menu-sheet")) return;
      const [all, button] = [bar.getBoundingClientRect(), opener.getBoundingClientRect()];
      const room = all.width - sheet.getBoundingClientRect().width;
      sheet.style.left = `${Math.max(Math.min(button.left - all.left, room), 0)}px`;
    });
  }

  #bindKeys() {
    const dialog = this.#root.querySelector("[data-keys]");
    const open = () => dialog.open || dialog.showModal();
    this.#root.querySelector("[data-keys-open]").addEventListener("click", open);
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input:not([type='range']), select, textarea, [contenteditable]");
      if (event.key === "?" && !typing) open();
    });
    // A click beside the list closes it.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
}
