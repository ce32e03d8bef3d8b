// Forwards pointers, wheel and keys of the stage to the worker; what they mean is decided there.

const PAGE_KEYS = [" ", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End"];
const UNDO_KEYS = ["z", "y"]; // with Ctrl
const WHEEL_LINE = 33;
const WHEEL_PAGE = 400;

export function forwardInput(stage, link) {
  forwardPointers(stage, link);
  forwardWheel(stage, link);
  forwardKeys(link);
}

function forwardPointers(stage, link) {
  let waiting = [];
  const flush = () => {
    if (waiting.length) link.send({ type: "pointer", events: waiting });
    waiting = [];
  };
  // A stage that changes its place under a finger must not move the picture: a gesture is
  // measured from where the stage lay when its first pointer came down.
  const held = new Set();
  let box = stage.getBoundingClientRect();
  const place = (event, kind) => {
    if (!held.size) box = stage.getBoundingClientRect();
    if (kind === "down") held.add(event.pointerId);
    if (kind === "up" || kind === "cancel") held.delete(event.pointerId);
    return {
      kind,
      pointer_id: event.pointerId,
      x: event.clientX - box.left,
      y: event.clientY - box.top,
      button: Math.max(event.button, 0),
      touch: event.pointerType === "touch",
      time: event.timeStamp,
    };
  };
  // What lies over the picture and can be pressed is not the picture.
  const elsewhere = (event) => event.target.closest("button, a") !== null;
  const now = (kind) => (event) => {
    waiting.push(place(event, kind));
    flush();
  };
  stage.addEventListener("pointerdown", (event) => {
    if (elsewhere(event)) return;
    stage.setPointerCapture(event.pointerId);
    now("down")(event);
  });
  stage.addEventListener("pointermove", (event) => {
    // A line that is begun follows a mouse without a button, too (data-follows).
    if (!stage.hasPointerCapture(event.pointerId) && stage.dataset.follows !== "true") return;
    // One move of a pointer a frame is enough: the screen shows no more.
    if (!waiting.length) requestAnimationFrame(flush);
    waiting = waiting.filter((other) => other.pointer_id !== event.pointerId);
    waiting.push(place(event, "move"));
  });
  // A mouse that leaves takes the lens with it.
  stage.addEventListener("pointerleave", (event) => {
    const followed = stage.dataset.follows === "true" && !held.has(event.pointerId);
    if (followed && event.pointerType !== "touch") now("cancel")(event);
  });
  stage.addEventListener("pointerup", (event) => held.has(event.pointerId) && now("up")(event));
  stage.addEventListener("pointercancel", (event) => held.has(event.pointerId) && now("cancel")(event));
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  // The middle button would start the browser's own scrolling.
  stage.addEventListener("mousedown", (event) => event.button === 1 && event.preventDefault());
}

function forwardWheel(stage, link) {
  const unit = [1, WHEEL_LINE, WHEEL_PAGE];
  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const box = stage.getBoundingClientRect();
      link.send({
        type: "wheel",
        x: event.clientX - box.left,
        y: event.clientY - box.top,
        delta: event.deltaY * unit[event.deltaMode],
        ctrl: event.ctrlKey,
      });
    },
    { passive: false },
  );
}

function forwardKeys(link) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, dialog[open]");
    const pressing = event.key === " " && event.target.closest("button, a, summary");
    const control = event.ctrlKey || event.metaKey;
    const undoing = control && UNDO_KEYS.includes(event.key.toLowerCase());
    if (typing || pressing || event.altKey || (control && !undoing)) return;
    if (undoing || PAGE_KEYS.includes(event.key)) event.preventDefault();
    link.send({ type: "key", key: event.key, control, shift: event.shiftKey });
  });
}
