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

onmessage = ({ data }) => {
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
