// The page around the frame: says hello, gives a ticket where the browser keeps no cookies in frames,
// sends commands, and lists what the frame tells. Only the cloud's origin is listened to.

const frame = document.querySelector("iframe[data-cloud]");
const log = document.querySelector("[data-log]");
const { cloud, ticket, record } = frame.dataset;
const citations = document.querySelector("[data-citations]");
const WORDS = {
  welcome: "已连接影像云",
  "study-opened": "已打开检查",
  "image-shown": "首幅影像已显示",
  "viewer-ready": "阅片工具已就绪",
  cited: "已引用到病历",
  "session-needed": "浏览器不保存嵌入页面的 Cookie，改用内存会话",
  error: "影像云提示",
  result: "命令已执行",
};

const send = (type, facts = {}) => frame.contentWindow.postMessage({ yingyun: 1, type, ...facts }, cloud);

function note(type, detail = "") {
  const line = document.createElement("li");
  line.dataset.event = type;
  line.textContent = `${WORDS[type] ?? type} ${detail}`.trim();
  log.append(line);
}

async function giveTicket() {
  const form = new URLSearchParams(location.search);
  const answer = await fetch(ticket, { method: "POST", body: form });
  if (answer.ok) send("ticket", await answer.json());
}

// The text comes from the frame; what it is a citation of, the hospital asks of the cloud itself.
async function putIntoRecord({ citation_id: id, text }) {
  const answer = await fetch(record, { method: "POST", body: new URLSearchParams({ citation_id: id, text }) });
  if (!answer.ok) return;
  const { citation_id: traced, institution } = await answer.json();
  citations.querySelector(".his-none")?.remove();
  const line = document.createElement("li");
  const folded = document.createElement("details");
  const trace = document.createElement("summary");
  const words = document.createElement("p");
  trace.className = "his-trace";
  trace.textContent = `引用编号 ${traced} · ${institution}`;
  words.className = "his-cited";
  words.textContent = text;
  folded.append(trace, words);
  line.append(folded);
  citations.append(line);
}

window.addEventListener("message", ({ origin, source, data }) => {
  if (origin !== cloud || source !== frame.contentWindow || data?.yingyun !== 1) return;
  if (data.type === "ready") {
    send("hello");
    return;
  }
  note(data.type, data.words);
  if (data.type === "session-needed") giveTicket();
  if (data.type === "cited") putIntoRecord(data);
});

let last = 0;
document.querySelectorAll("[data-command]").forEach((button) => {
  button.addEventListener("click", () => {
    const { command: name, args } = button.dataset;
    send("command", { id: (last += 1), name, args: JSON.parse(args) });
  });
});

// The frame may have come before this script.
send("hello");
