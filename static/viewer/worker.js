// The viewer's worker. It asks for Python's files, what is waited for longest, before it has its other
// parts (host.js).

import { startPython } from "./runtime.js";

const post = (message) => postMessage(JSON.stringify(message));

let starting = null;
let receive = null;
const early = [];

function prepare({ runtime, sure }) {
  starting ??= startPython({
    assets: runtime,
    sure,
    onSlowStart: (reason) => post({ type: "slow-start", reason }),
    onProgress: (progress) => post({ type: "runtime", ...progress }),
  });
  starting.catch(() => {}); // said by whoever waits for it
}

// Where the page holds its session itself (static/js/memory-page.js), what is asked of the launch
// carries this header. Python's start hands fetch over and back, so this comes before it.
function authorize([name, token]) {
  const ask = self.fetch.bind(self);
  self.fetch = (address, init = {}) => {
    const ours = new URL(address, location.origin).pathname.startsWith("/launched/");
    return ask(address, ours ? { ...init, headers: { ...init.headers, [name]: token } } : init);
  };
}

onmessage = ({ data }) => {
  if (data.type === "authorize") {
    authorize(data.header);
    return;
  }
  if (data.type === "prepare" || data.type === "start") prepare(data);
  if (receive) receive(data, starting);
  else early.push(data);
};

import("./host.js").then(
  (host) => {
    receive = host.receive;
    for (const data of early.splice(0)) receive(data, starting);
  },
  () => post({ type: "failed", reason: "download" }),
);
