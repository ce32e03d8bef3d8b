// Sliders and fields of the sheets, the lens, and series that are dragged onto a pane. What they
// mean is decided by the commands they send.

const DRAG_FROM = 8; // CSS pixels; a click trembles less

export class Aids {
  #root;
  #send;
  #lens;
  #values = null;

  constructor(root, send) {
    this.#root = root;
    this.#send = send;
    this.#lens = root.querySelector("[data-lens]");
    root.addEventListener("input", (event) => this.#slid(event.target));
    root.addEventListener("submit", (event) => this.#entered(event));
    root.addEventListener("pointerdown", (event) => this.#dragSeries(event));
  }

  show({ lens, values }) {
    this.#showLens(lens);
    if (values !== this.#values) this.#showValues(values);
    this.#values = values;
  }

  #showLens(lens) {
    this.#lens.hidden = !lens;
    if (!lens) return;
    const { left, top, size, round } = lens;
    Object.assign(this.#lens.style, { left: `${left}px`, top: `${top}px`, width: `${size}px`, height: `${size}px` });
    this.#lens.classList.toggle("lens-round", round);
  }

  // What somebody is writing stays as it is.
  #showValues(values) {
    for (const entry of this.#root.querySelectorAll("[data-entry]")) {
      const own = values[entry.dataset.entry] ?? {};
      const inputs = entry.matches("form") ? entry.querySelectorAll("input") : [entry];
      for (const input of inputs) {
        const value = own[input.dataset.argument ?? input.name] ?? "";
        if (document.activeElement !== input || input.type === "range") input.value = value;
      }
      if (!entry.matches("form")) showValue(entry);
    }
  }

  #slid(slider) {
    if (!slider.matches?.("input[type='range'][data-entry]")) return;
    showValue(slider);
    this.#send(slider.dataset.entry, { [slider.dataset.argument]: Number(slider.value) });
  }

  #entered(event) {
    const form = event.target.closest("form[data-entry]");
    if (!form) return;
    event.preventDefault();
    const written = [...form.querySelectorAll("input")].filter((input) => input.value.trim() !== "");
    this.#send(form.dataset.entry, Object.fromEntries(written.map((input) => [input.name, Number(input.value)])));
  }

  // With a mouse or a pen; a finger that drags the list scrolls it.
  #dragSeries(down) {
    const entry = down.target.closest?.("button[data-series]");
    if (!entry || down.button !== 0 || down.pointerType === "touch") return;
    const stage = this.#root.querySelector("[data-stage]");
    let ghost = null;
    const place = (event) => {
      if (!ghost && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < DRAG_FROM) return;
      ghost ??= ghostOf(entry);
      Object.assign(ghost.style, { left: `${event.clientX}px`, top: `${event.clientY}px` });
    };
    const still = (event) => event.preventDefault();
    const end = (event) => {
      document.removeEventListener("pointermove", place);
      document.removeEventListener("dragstart", still);
      document.removeEventListener("pointerup", end);
      document.removeEventListener("pointercancel", end);
      ghost?.remove();
      if (!ghost || event.type === "pointercancel") return;
      // The button under the pointer would open the series in the active pane as well.
      window.addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => window.removeEventListener("click", swallow, { capture: true }));
      const box = stage.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      if (x < 0 || y < 0 || x >= box.width || y >= box.height) return;
      this.#send("pane.open", { series_id: entry.dataset.series, x, y });
    };
    document.addEventListener("pointermove", place);
    document.addEventListener("dragstart", still);
    document.addEventListener("pointerup", end);
    document.addEventListener("pointercancel", end);
  }
}

function swallow(event) {
  event.stopPropagation();
  event.preventDefault();
}

function showValue(slider) {
  const output = slider.parentElement.querySelector("[data-entry-value]");
  const text = String(Math.round(Number(slider.value) * 10) / 10);
  if (output.textContent !== text) output.textContent = text;
}

function ghostOf(entry) {
  const ghost = entry.querySelector(".series-thumbnail").cloneNode(true);
  ghost.classList.add("series-ghost");
  return document.body.appendChild(ghost);
}
