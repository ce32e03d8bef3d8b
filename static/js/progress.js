// Says within a moment that the next page, or a part of this one, is on its way (G-16).

const wait = 300; // milliseconds; what is there sooner needs no word
const bar = document.querySelector("[data-page-progress]");
let timer = null;
let underWay = 0;

export function installProgress() {
  if (!bar) return;
  document.addEventListener("click", (event) => {
    if (leaves(event)) start();
  });
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && !event.target.target) start();
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (!asked(event)) return;
    underWay += 1;
    start();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (!asked(event)) return;
    underWay = Math.max(underWay - 1, 0);
    if (!underWay) stop();
  });
  // Coming back to a page that was kept: nothing is on its way any more.
  addEventListener("pageshow", stop);
}

// A part that looks after itself every few seconds is nobody's waiting.
function asked({ detail }) {
  return Boolean(detail.requestConfig?.triggeringEvent);
}

function leaves(event) {
  const plain = !event.defaultPrevented && event.button === 0
    && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const link = plain ? event.target.closest?.("a[href]") : null;
  if (!link || link.target || link.hasAttribute("download") || link.hasAttribute("hx-get")) return false;
  const there = new URL(link.href);
  const samePlace = there.pathname === location.pathname && there.search === location.search;
  return there.origin === location.origin && !(samePlace && there.hash);
}

function start() {
  clearTimeout(timer);
  timer = setTimeout(() => { bar.hidden = false; }, wait);
}

function stop() {
  clearTimeout(timer);
  bar.hidden = true;
}
