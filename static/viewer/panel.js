// The words and controls around the picture. Shows what the worker says, and nothing of its own.

const SPEAK_AFTER = 600;
const NOTICE_SECONDS = 6;

export class Panel {
  constructor(root, texts) {
    this.root = root;
    this.texts = texts;
    this.find = (selector) => root.querySelector(selector);
    this.spoken = null;
    this.firstWords = [...root.querySelectorAll("[data-corner] > *")];
  }

  show(scene) {
    this.#showLines(scene.corners);
    for (const [edge, letters] of Object.entries(scene.marks)) {
      setText(this.find(`[data-mark="${edge}"]`), letters);
    }
    this.#showScale(scene.scale);
    this.#showPaging(scene);
    this.#showPressed(scene);
    this.find("[data-waiting]").hidden = !scene.waiting;
  }

  #showLines(corners) {
    this.firstWords.splice(0).forEach((line) => line.remove());
    for (const [corner, lines] of Object.entries(corners)) {
      const box = this.find(`[data-corner="${corner}"]`);
      while (box.children.length > lines.length) box.lastChild.remove();
      lines.forEach((line, index) => {
        setText(box.children[index] ?? box.appendChild(document.createElement("span")), line);
      });
    }
  }

  #showScale(scale) {
    const bar = this.find("[data-scale]");
    bar.hidden = !scale;
    if (!scale) return;
    bar.querySelector("[data-scale-line]").style.width = `${scale.length_css}px`;
    const length = scale.length_mm >= 10 ? `${scale.length_mm / 10} cm` : `${scale.length_mm} mm`;
    setText(bar.querySelector("[data-scale-text]"), `${length} ${scale.calibration}`.trim());
  }

  #showPaging({ frame_index: index, frame_count: count, series_id: seriesId }) {
    const slider = this.find("[data-slider]");
    slider.max = Math.max(count - 1, 0);
    slider.disabled = count < 2;
    if (document.activeElement !== slider || Number(slider.value) !== index) slider.value = index;
    const words = this.texts.frame.replace("{n}", index + 1).replace("{total}", count);
    slider.setAttribute("aria-valuetext", words);
    setText(this.find("[data-frame-number]"), String(index + 1));
    setText(this.find("[data-frame-count]"), String(count));
    for (const entry of this.root.querySelectorAll("[data-series]")) {
      entry.setAttribute("aria-current", String(entry.dataset.series === seriesId));
    }
    this.speak(words);
  }

  #showPressed({ in_force: inForce, unfitting }) {
    for (const button of this.root.querySelectorAll("[data-command]")) {
      const { command, choice, argument } = button.dataset;
      button.disabled = unfitting.includes(command) || unfitting.includes(`${command}/${choice}`);
      if (!(command in inForce) || !button.hasAttribute("aria-pressed")) continue;
      const pressed = argument === undefined ? inForce[command] : inForce[command] === argument;
      button.setAttribute("aria-pressed", String(pressed));
    }
    const preset = this.find("[data-menu='window.preset'] [data-menu-value]");
    const chosen = this.find(`[data-command="window.preset"][aria-pressed="true"]`);
    setText(preset, chosen ? `·${chosen.textContent.trim()}` : "");
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

  // A notice that `lasts` stands until it is taken away; the others are read and go.
  notice(words, lasts = false) {
    const box = this.find("[data-notice]");
    box.hidden = words === "";
    setText(box, words);
    clearTimeout(this.noticed);
    if (!lasts) this.noticed = setTimeout(() => (box.hidden = true), NOTICE_SECONDS * 1000);
  }
}

export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}
