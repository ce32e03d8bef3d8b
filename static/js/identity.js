// The mark above the picture: it folds away at the handle, or once the picture is touched (ui.md §1).

export class Identity {
  constructor(root, onFold = () => {}) {
    this.section = root.querySelector("[data-identity]");
    this.handle = root.querySelector("[data-identity-handle]");
    this.onFold = onFold;
    this.handle.hidden = false;
    this.handle.addEventListener("click", () => this.#set(!this.folded));
  }

  get folded() {
    return this.section.classList.contains("identity-collapsed");
  }

  fold() {
    if (!this.folded) this.#set(true);
  }

  #set(folded) {
    this.section.classList.toggle("identity-collapsed", folded);
    this.handle.setAttribute("aria-expanded", String(!folded));
    this.onFold(folded);
  }
}
