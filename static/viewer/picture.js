// What is on the screen as a PNG: picture, marks, and the words of the four corners burnt in.

import { drawShapes } from "./shapes.js";
import { worded } from "./words.js";

const FONT = "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', system-ui, sans-serif";
const INK = "#f4f7f9";
// As in static/viewer/panes.js, and the bar as in static/css/viewer-aids.css.
const TINY = 160; // CSS pixels, as are these
const BAR = { right: 34, width: 14, most: 340, share: 0.46 };

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

function drawWords(context, { area, corners, marks, badges, scale, bar, small }, ratio) {
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
    lines.forEach((line, number) => write(context, worded(line), left, top + (number + 0.5) * step, width * 0.48, ratio));
  }
  context.textAlign = "center";
  context.font = `700 ${(small ? 13 : 16) * ratio}px ${FONT}`;
  const [middle, center] = [x + width / 2, y + height / 2];
  const edge = 18 * ratio;
  write(context, marks.left, x + edge, center, width, ratio, "#ffd166");
  write(context, marks.right, x + width - edge, center, width, ratio, "#ffd166");
  write(context, marks.top, middle, y + edge, width, ratio, "#ffd166");
  write(context, marks.bottom, middle, y + height - 2.5 * edge, width, ratio, "#ffd166");
  const tiny = Math.min(width, height) < TINY * ratio;
  if (bar && !small && !tiny) drawBar(context, bar, x + width, center, height, ratio);
  context.textAlign = "center";
  if (scale && !small) drawScale(context, scale, middle, y + height - 12 * ratio, ratio);
  context.restore();
}

// The highest value is at the top, as beside the picture.
function drawBar(context, { colors, low, high, unit }, edge, center, height, ratio) {
  const tall = Math.min(height * BAR.share, BAR.most * ratio);
  const [right, left] = [edge - BAR.right * ratio, edge - (BAR.right + BAR.width) * ratio];
  const [top, bottom] = [center - tall / 2 + 18 * ratio, center + tall / 2 - 18 * ratio];
  const ramp = context.createLinearGradient(0, bottom, 0, top);
  colors.forEach((color, number) => ramp.addColorStop(number / (colors.length - 1), color));
  context.fillStyle = "#000";
  context.fillRect(left - 2 * ratio, top - 2 * ratio, right - left + 4 * ratio, bottom - top + 4 * ratio);
  context.fillStyle = INK;
  context.fillRect(left - ratio, top - ratio, right - left + 2 * ratio, bottom - top + 2 * ratio);
  context.fillStyle = ramp;
  context.fillRect(left, top, right - left, bottom - top);
  context.font = `${12 * ratio}px ${FONT}`;
  context.textAlign = "right";
  write(context, `${high} ${unit}`.trim(), right, top - 10 * ratio, Infinity, ratio);
  write(context, low, right, bottom + 10 * ratio, Infinity, ratio);
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
  write(context, `${length} ${worded(calibration)}`.trim(), middle, bottom - 14 * ratio, Infinity, ratio);
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
