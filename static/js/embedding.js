// The page in a hospital's frame talks with the page around it (docs/embedding.md): greets, opens
// studies, carries out commands of the viewer, says what happens. Only with the page whose origin the
// launch was made for, and only once that one has said hello.

const MARKS = { "yingyun:dicom-first-image": "dicom", "yingyun:preview-image": "images" };
const BUSY = 32; // commands at once

const own = document.querySelector("script[data-origin]").dataset;
// Where the session is held in memory, this page stands in a frame of ours inside the hospital's.
const held = window.frameElement?.yingyun ?? null;
const port = held?.port ?? ownPort();
const study = location.pathname.match(/\/studies\/([^/]+)\/([^/]+)$/);
const page = document.querySelector("[data-session-needed]") ? "session" : (study?.[2] ?? "list");
let busy = 0;
let handed = false; // to the session in memory, whose pages talk from then on

function ownPort() {
  return {
    greeted: false,
    listen: (hear) => window.addEventListener("message", hear),
    post: (message) => window.parent.postMessage(message, own.origin),
  };
}

const say = (type, facts = {}) => port.post({ yingyun: 1, type, ...facts });

const tell = (type, facts) => {
  if (port.greeted) say(type, facts);
};

const answers = {
  async "open-study"({ study_uid: studyUid, page: wanted = "dicom" }) {
    const query = new URLSearchParams({ studyUID: String(studyUid), page: String(wanted) });
    const address = `${own.launch}/open?${query}`;
    const asked = await fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (!asked.ok) throw new Error(`${asked.status}`);
    const { url } = await asked.json();
    if (held) held.show(url);
    else location.assign(url);
    return { url };
  },
  command: ({ name, args = {} }) => viewer().command(String(name), args),
  state: () => viewer().state(),
};

function viewer() {
  if (!window.yingyun?.command) throw new Error("此页没有阅片器 / there is no viewer on this page");
  return window.yingyun;
}

async function answer(type, message) {
  if (busy >= BUSY) {
    say("error", { id: message.id, words: "命令过多 / too many commands at once" });
    return;
  }
  busy += 1;
  try {
    say("result", { id: message.id, value: JSON.parse(JSON.stringify((await answers[type](message)) ?? null)) });
  } catch (error) {
    say("error", { id: message.id, words: String(error.message ?? error) });
  } finally {
    busy -= 1;
  }
}

function hear(event) {
  const fromAround = event.source === (held ? held.around : window.parent);
  if (handed || !fromAround || event.origin !== own.origin) return;
  const message = event.data;
  if (message?.yingyun !== 1) return;
  if (message.type === "hello") greet();
  else if (!port.greeted) return;
  else if (message.type === "ticket" && page === "session") enter(message.ticket);
  else if (Object.hasOwn(answers, message.type)) answer(message.type, message);
}

function greet() {
  port.greeted = true;
  say("welcome", { page, study_id: page === "list" || page === "session" ? null : study[1] });
  if (page === "session") say("session-needed");
  watch();
}

// What happened before the hello is told after it: performance marks are kept.
let watching = false;
async function watch() {
  if (watching) return;
  watching = true;
  if (study && page !== "session") tell("study-opened", { study_id: study[1], page });
  const observer = new PerformanceObserver((list) => {
    for (const { name } of list.getEntries()) {
      if (MARKS[name]) tell("image-shown", { study_id: study?.[1] ?? null, page: MARKS[name] });
    }
  });
  observer.observe({ type: "mark", buffered: true });
  if (page !== "dicom") return;
  // This script comes before the viewer's own.
  while (!window.yingyun) await new Promise((done) => setTimeout(done, 100));
  const failed = (error) => tell("error", { words: String(error.message ?? error) });
  window.yingyun.ready.then(() => tell("viewer-ready"), failed);
}

window.addEventListener("yingyun:cited", ({ detail }) => {
  tell("cited", { study_id: study?.[1] ?? null, ...detail });
});

// A browser that keeps no cookies in frames: a second ticket becomes a session held in memory.
async function enter(ticket) {
  handed = true;
  const asked = await fetch("/launch/session", {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ticket: String(ticket), origin: own.origin }),
  });
  if (!asked.ok) {
    handed = false;
    say("error", { words: `${asked.status}` });
    return;
  }
  const { hold } = await import("./memory-session.js");
  hold(await asked.json(), own.origin);
}

if (held || window.parent !== window) {
  port.listen(hear);
  say("ready", { page });
}
