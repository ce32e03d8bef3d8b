// A sheet that a finger draws down goes away; until the finger is up it follows it.

const BEGINS = 8; // CSS pixels that a finger may tremble
const FAR = 64;

export function swipedDown(sheet, close) {
  let start = null;
  let down = 0;
  const reset = () => {
    start = null;
    down = 0;
    sheet.style.transform = "";
  };

  sheet.addEventListener("touchstart", (event) => {
    reset();
    const own = event.touches.length === 1 && !event.target.closest("input, select, textarea");
    if (own && isAtTop(event.target, sheet)) start = event.touches[0];
  }, { passive: true });

  sheet.addEventListener("touchmove", (event) => {
    if (!start) return;
    const { clientX, clientY } = event.touches[0];
    const [right, moved] = [clientX - start.clientX, clientY - start.clientY];
    if (!down && (moved < -BEGINS || Math.abs(right) > Math.max(moved, BEGINS))) {
      start = null; // it scrolls
      return;
    }
    if (!down && moved < BEGINS) return;
    if (event.cancelable) event.preventDefault();
    down = Math.max(moved, 1);
    sheet.style.transform = `translateY(${down}px)`;
  }, { passive: false });

  sheet.addEventListener("touchend", () => {
    const far = down > FAR;
    reset();
    if (far) close();
  });
  sheet.addEventListener("touchcancel", reset);
}

// What has scrolled down scrolls up first.
function isAtTop(element, sheet) {
  for (let one = element; one && sheet.contains(one); one = one.parentElement) {
    if (one.scrollTop > 0) return false;
  }
  return true;
}
