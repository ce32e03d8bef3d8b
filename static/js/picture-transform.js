// Zoom and pan of the JPG page's picture; the four corners lie outside of what is moved.
const MAXIMUM_ZOOM = 8;
const DOUBLE_TAP_MS = 300;
const PAGE_SWIPE_PX = 60;

export class PictureTransform {
  constructor(stage, picture, { onTouched, onPage, onZoom }) {
    this.stage = stage;
    this.picture = picture;
    this.onTouched = onTouched;
    this.onPage = onPage;
    this.onZoom = onZoom;
    this.pointers = new Map();
    this.lastTap = 0;
    this.reset();
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      stage.addEventListener(name, (event) => this.up(event));
    }
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  reset() {
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
    this.apply();
  }

  apply() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const room = Math.max(this.zoom - 1, 0) / 2;
    this.x = Math.min(Math.max(this.x, -width * room), width * room);
    this.y = Math.min(Math.max(this.y, -height * room), height * room);
    this.picture.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.zoom})`;
    this.onZoom(this.zoom);
  }

  // Keeps the point of the picture under (clientX, clientY) where it is.
  zoomAt(factor, clientX, clientY) {
    const box = this.stage.getBoundingClientRect();
    const fromCentreX = clientX - box.left - box.width / 2;
    const fromCentreY = clientY - box.top - box.height / 2;
    const zoom = Math.min(Math.max(this.zoom * factor, 1), MAXIMUM_ZOOM);
    const scale = zoom / this.zoom;
    this.x = fromCentreX - (fromCentreX - this.x) * scale;
    this.y = fromCentreY - (fromCentreY - this.y) * scale;
    this.zoom = zoom;
    this.apply();
  }

  down(event) {
    if (event.button !== 0) return;
    this.onTouched();
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.startX = event.clientX;
    this.pinched = this.pointers.size > 1;
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (this.pointers.size === 1 && this.zoom > 1) {
      this.x += now.x - before.x;
      this.y += now.y - before.y;
      this.apply();
    } else if (this.pointers.size === 2) {
      this.pinch(event.pointerId, before, now);
    }
    this.pointers.set(event.pointerId, now);
  }

  pinch(pointerId, before, now) {
    const [, other] = [...this.pointers].find(([id]) => id !== pointerId);
    const distance = (point) => Math.hypot(point.x - other.x, point.y - other.y);
    this.x += (now.x - before.x) / 2;
    this.y += (now.y - before.y) / 2;
    this.zoomAt(distance(now) / Math.max(distance(before), 1), (now.x + other.x) / 2, (now.y + other.y) / 2);
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId) || this.pointers.size || this.pinched) return;
    const moved = event.clientX - this.startX;
    if (this.zoom === 1 && Math.abs(moved) > PAGE_SWIPE_PX) this.onPage(moved < 0 ? 1 : -1);
    else if (Math.abs(moved) < 8) this.tap(event);
  }

  tap(event) {
    const now = event.timeStamp;
    if (now - this.lastTap < DOUBLE_TAP_MS) {
      if (this.zoom > 1) this.reset();
      else this.zoomAt(2.5, event.clientX, event.clientY);
      this.lastTap = 0;
    } else {
      this.lastTap = now;
    }
  }

  wheel(event) {
    event.preventDefault();
    this.onTouched();
    if (event.ctrlKey) this.zoomAt(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.clientX, event.clientY);
    else this.onPage(event.deltaY > 0 ? 1 : -1);
  }
}
