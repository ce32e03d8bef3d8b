// The sign-in ends after a while without requests. Who moves pointer or keys is there, and is kept
// signed in; who is not is asked shortly before the end, and then led to the sign-in page.

const WARN_BEFORE = 120; // seconds
const KEEP_EVERY = 300;

let seen = Date.now(); // of the person
let kept = Date.now(); // of the server

for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
  addEventListener(kind, () => { seen = Date.now(); }, { passive: true, capture: true });
}
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target?.id === "idle") kept = Date.now();
});
setInterval(look, 5000);
document.addEventListener("visibilitychange", look);

function look() {
  const idle = document.getElementById("idle");
  if (!idle || document.visibilityState === "hidden") return;
  const left = Number(idle.dataset.idle) - (Date.now() - kept) / 1000;
  const here = seen > kept && Date.now() - seen < KEEP_EVERY * 1000;
  if (here && Date.now() - kept > KEEP_EVERY * 1000) {
    keep();
    return;
  }
  const warning = idle.querySelector("[data-idle-warning]");
  warning.hidden = left > WARN_BEFORE;
  if (left <= -5) location.assign("/login");
}

async function keep() {
  kept = Date.now();
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  const answer = await fetch("/session/keep", {
    method: "POST",
    headers: { "X-CSRFToken": csrf, "HX-Request": "true" },
  });
  const idle = document.getElementById("idle");
  if (answer.ok && idle) {
    const fresh = document.createRange().createContextualFragment(await answer.text());
    idle.replaceWith(fresh);
    window.htmx?.process(document.getElementById("idle"));
  }
}
