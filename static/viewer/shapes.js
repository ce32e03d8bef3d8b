// Draws over the picture what Python says: measurements, marks, reference lines and their words.
// Each shape is [kind, style, [x, y, …], [line, …]] in device pixels (viewer_py/scene/model.py).

const FONT_SIZE = 14; // as in viewer_py/view/annotations/words.py, in CSS pixels
const LINE_HEIGHT = 19;
const PADDING = 5;
const FONT = "system-ui, 'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";
const HALO = "rgb(0 0 0 / 75%)";

// Colours that stand out on black and, by their dark edge, on white. Widths in CSS pixels.
const STYLES = {
  mark: { color: "#ffe066", width: 1.5 },
  selected: { color: "#5ce1ff", width: 2 },
  drawing: { color: "#7dffb0", width: 1.75 },
  leader: { color: "rgb(255 255 255 / 80%)", width: 1, dash: [3, 4] },
  reference: { color: "#ffb454", width: 1.5 },
  "reference-end": { color: "#ffb454", width: 1, dash: [5, 4] },
  "reference-point": { color: "#5ce1ff", width: 1.75 },
  // Each plane has its colour wherever another one cuts it.
  axial: { color: "#ff8f6b", width: 1.25 },
  coronal: { color: "#6fd97a", width: 1.25 },
  sagittal: { color: "#6fb6ff", width: 1.25 },
  "axial-slab": { color: "#ff8f6b", width: 1, dash: [5, 4] },
  "coronal-slab": { color: "#6fd97a", width: 1, dash: [5, 4] },
  "sagittal-slab": { color: "#6fb6ff", width: 1, dash: [5, 4] },
  curve: { color: "#ffe066", width: 1.75 },
  lens: { color: "#f4f7f9", width: 1.5 },
};

// The canvas takes memory from the first shape to the last. `onChange` hears whether there are any:
// an empty canvas over the picture would be blended with every frame of it.
export function shapePainter(canvas, onChange = () => {}) {
  let context = null;
  let any = null;
  let last = ["[]", 1, 1, 1];

  function draw(text, width, height, ratio) {
    last = [text, width, height, ratio];
    const shapes = JSON.parse(text);
    if (any !== shapes.length > 0) onChange((any = shapes.length > 0));
    const [wide, high] = shapes.length ? [width, height] : [1, 1];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    if (!context && !shapes.length) return;
    context ??= canvas.getContext("2d");
    context.clearRect(0, 0, wide, high);
    drawShapes(context, shapes, ratio);
  }

  canvas.addEventListener("contextrestored", () => draw(...last));
  return { draw, shapes: () => JSON.parse(last[0]) };
}

export function drawShapes(context, shapes, ratio) {
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const [kind, name, places, lines] of shapes) {
    const style = STYLES[name] ?? STYLES.mark;
    (PAINTERS[kind] ?? polyline)(context, places, style, ratio, lines);
  }
}

const PAINTERS = {
  polyline,
  polygon: (context, places, style, ratio) => stroked(context, style, ratio, () => {
    trace(context, places);
    context.closePath();
  }),
  ellipse(context, [x, y, ax, ay, bx, by], style, ratio) {
    const turn = Math.atan2(ay - y, ax - x);
    stroked(context, style, ratio, () => {
      context.ellipse(x, y, Math.hypot(ax - x, ay - y), Math.hypot(bx - x, by - y), turn, 0, 2 * Math.PI);
    });
  },
  arrow,
  handle,
  text: words,
  watermark,
};

// Faint, with a light and a dark side, so that it can be read on black and on white and hides no
// finding: two lines of words never touch.
const MARK_SIZE = 15; // CSS pixels, as are the distances
const MARK_GAP = [90, 150];
const MARK_TURN = -0.42; // radians

function watermark(context, [left, top, right, bottom], _style, ratio, [text]) {
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  context.font = `${MARK_SIZE * ratio}px ${FONT}`;
  context.textBaseline = "middle";
  context.translate((left + right) / 2, (top + bottom) / 2);
  context.rotate(MARK_TURN);
  const across = context.measureText(text).width + MARK_GAP[0] * ratio;
  const down = MARK_GAP[1] * ratio;
  const reach = Math.hypot(right - left, bottom - top) / 2;
  context.lineWidth = 1.5 * ratio;
  for (let row = -Math.ceil(reach / down); row * down < reach; row += 1) {
    const shift = row % 2 ? across / 2 : 0;
    for (let x = -Math.ceil(reach / across) * across - shift; x < reach; x += across) {
      context.strokeStyle = "rgb(0 0 0 / 22%)";
      context.strokeText(text, x, row * down);
      context.fillStyle = "rgb(255 255 255 / 22%)";
      context.fillText(text, x, row * down);
    }
  }
  context.restore();
}

function trace(context, places) {
  for (let at = 0; at < places.length; at += 2) context.lineTo(places[at], places[at + 1]);
}

function polyline(context, places, style, ratio) {
  if (places.length === 4) line(context, places, style, ratio);
  else stroked(context, style, ratio, () => trace(context, places));
}

// As filled oblongs, its direction made the x axis: without a GPU a dashed stroke across the screen
// takes ten times as long.
function line(context, [fromX, fromY, toX, toY], { color, width, dash = [] }, ratio) {
  const length = Math.hypot(toX - fromX, toY - fromY);
  if (!length) return;
  const [right, down] = [(toX - fromX) / length, (toY - fromY) / length];
  const pieces = dashes(length, dash, ratio);
  const fill = (style, edge) => {
    context.fillStyle = style;
    const thick = (width + 2 * edge) * ratio;
    for (const [start, end] of pieces) {
      context.fillRect(start - edge * ratio, -thick / 2, end - start + 2 * edge * ratio, thick);
    }
  };
  context.save();
  context.transform(right, down, -down, right, fromX, fromY);
  fill(HALO, 1);
  fill(color, 0);
  context.restore();
}

// Where the pieces of a line begin and end.
function dashes(length, [drawn, left], ratio) {
  if (!drawn) return [[0, length]];
  const pieces = [];
  for (let at = 0; at < length; at += (drawn + left) * ratio) {
    pieces.push([at, Math.min(at + drawn * ratio, length)]);
  }
  return pieces;
}

// First the dark edge, then the line: readable on white and on black.
function stroked(context, { color, width, dash = [] }, ratio, path) {
  context.setLineDash(dash.map((one) => one * ratio));
  context.beginPath();
  path();
  context.lineWidth = (width + 2) * ratio;
  context.strokeStyle = HALO;
  context.stroke();
  context.lineWidth = width * ratio;
  context.strokeStyle = color;
  context.stroke();
  context.setLineDash([]);
}

function arrow(context, [tipX, tipY, tailX, tailY], style, ratio) {
  const length = Math.hypot(tailX - tipX, tailY - tipY);
  if (!length) return;
  const size = Math.min(13 * ratio, length);
  const [right, down] = [(tailX - tipX) / length, (tailY - tipY) / length];
  stroked(context, style, ratio, () => trace(context, [tipX + right * size * 0.6, tipY + down * size * 0.6, tailX, tailY]));
  context.beginPath();
  context.moveTo(tipX, tipY);
  context.lineTo(tipX + size * (right - down * 0.42), tipY + size * (down + right * 0.42));
  context.lineTo(tipX + size * (right + down * 0.42), tipY + size * (down - right * 0.42));
  context.closePath();
  context.lineWidth = 2 * ratio;
  context.strokeStyle = HALO;
  context.stroke();
  context.fillStyle = style.color;
  context.fill();
}

function handle(context, places, { color }, ratio) {
  for (let at = 0; at < places.length; at += 2) {
    context.beginPath();
    context.arc(places[at], places[at + 1], 4.5 * ratio, 0, 2 * Math.PI);
    context.fillStyle = "rgb(0 0 0 / 45%)";
    context.fill();
    context.lineWidth = 3 * ratio;
    context.strokeStyle = HALO;
    context.stroke();
    context.lineWidth = 1.5 * ratio;
    context.strokeStyle = color;
    context.stroke();
  }
}

// The box is as wide as the words really are; Python, which cannot measure a font, kept room for it.
function words(context, [left, top, right], { color }, ratio, lines) {
  context.font = `${FONT_SIZE * ratio}px ${FONT}`;
  context.textBaseline = "middle";
  const padding = PADDING * ratio;
  const room = right === undefined ? Infinity : right - left - 2 * padding;
  const width = Math.min(room, Math.max(...lines.map((line) => context.measureText(line).width)));
  const height = lines.length * LINE_HEIGHT * ratio + 2 * padding;
  context.fillStyle = "rgb(8 12 15 / 72%)";
  context.beginPath();
  const box = [left, top, width + 2 * padding, height];
  if (context.roundRect) context.roundRect(...box, 4 * ratio);
  else context.rect(...box);
  context.fill();
  context.fillStyle = color;
  lines.forEach((line, number) => {
    context.fillText(line, left + padding, top + padding + (number + 0.5) * LINE_HEIGHT * ratio, room === Infinity ? undefined : room);
  });
}
