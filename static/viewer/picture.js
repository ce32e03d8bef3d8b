// What is on the screen as a PNG: picture, marks, and the words of the four corners burnt in.

import { drawShapes } from "./shapes.js";

const FONT = "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', system-ui, sans-serif";
const INK = "#f4f7f9";

export function pictureFile(source, { width, height, panes, shapes }) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { alpha: false });
  context.drawImage(source, 0, 0);
  const [, , across] = wholeOf(panes);
  const ratio = width / across;
  drawShapes(context, shapes, ratio);
  for (const pane of panes) drawWords(context, pane, ratio);
  return canvas.convertToBlob({ type: "image/png" });
}

function wholeOf(panes) {
  const right = Math.max(...panes.map(({ area: [x, , width] }) => x + width));
  const bottom = Math.max(...panes.map(({ area: [, y, , height] }) => y + height));
  return [0, 0, right, bottom];
}

function drawWords(context, { area, corners, marks, badges, scale, small }, ratio) {
  const [x, y, width, height] = area.map((one) => one * ratio);
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.font = `${(small ? 12 : 13) * ratio}px ${FONT}`;
  const pad = 10 * ratio;
  for (const [name, own] of Object.entries(corners)) {
    const lines = name === "bottom_left" && !small ? [...badges, ...own] : own;
    const step = 19 * ratio;
    const top = name.startsWith("top") ? y + pad : y + height - pad - lines.length * step;
    context.textAlign = name.endsWith("left") ? "left" : "right";
    const left = name.endsWith("left") ? x + pad : x + width - pad;
    lines.forEach((line, number) => write(context, line, left, top + (number + 0.5) * step, width * 0.48, ratio));
  }
  context.textAlign = "center";
  context.font = `700 ${(small ? 13 : 16) * ratio}px ${FONT}`;
  const [middle, center] = [x + width / 2, y + height / 2];
  const edge = 18 * ratio;
  write(context, marks.left, x + edge, center, width, ratio, "#ffd166");
  write(context, marks.right, x + width - edge, center, width, ratio, "#ffd166");
  write(context, marks.top, middle, y + edge, width, ratio, "#ffd166");
  write(context, marks.bottom, middle, y + height - 2.5 * edge, width, ratio, "#ffd166");
  if (scale && !small) drawScale(context, scale, middle, y + height - 12 * ratio, ratio);
  context.restore();
}

function drawScale(context, { length_css, length_mm, calibration }, middle, bottom, ratio) {
  const half = (length_css * ratio) / 2;
  for (const [color, width] of [["rgb(0 0 0 / 75%)", 3.5], [INK, 1.5]]) {
    context.beginPath();
    context.moveTo(middle - half, bottom - 5 * ratio);
    context.lineTo(middle - half, bottom);
    context.lineTo(middle + half, bottom);
    context.lineTo(middle + half, bottom - 5 * ratio);
    context.lineWidth = width * ratio;
    context.strokeStyle = color;
    context.stroke();
  }
  context.font = `${12 * ratio}px ${FONT}`;
  const length = length_mm >= 10 ? `${length_mm / 10} cm` : `${length_mm} mm`;
  write(context, `${length} ${calibration}`.trim(), middle, bottom - 14 * ratio, Infinity, ratio);
}

function write(context, line, left, middle, most, ratio, color = INK) {
  if (!line) return;
  context.textBaseline = "middle";
  const room = most === Infinity ? [] : [most];
  context.lineWidth = 3 * ratio;
  context.lineJoin = "round";
  context.strokeStyle = "rgb(0 0 0 / 80%)";
  context.strokeText(line, left, middle, ...room);
  context.fillStyle = color;
  context.fillText(line, left, middle, ...room);
}
