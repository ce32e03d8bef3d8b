// Starts one worker and keeps what it reports; times are seconds since just before the worker.
const plan = await (await fetch("plan.json")).json();
const started = performance.timeOrigin + performance.now();
window.result = new Promise((resolve, reject) => {
  const side = new URLSearchParams(location.search).get("side");
  const worker = new Worker(`${side}.js`, { type: "module" });
  worker.onerror = (event) => reject(new Error(event.message));
  worker.onmessage = ({ data }) => {
    if (data.error) reject(new Error(data.error));
    const entries = Object.entries(data.times ?? {});
    resolve(Object.fromEntries(entries.map(([name, at]) => [name, (at - started) / 1000])));
  };
  worker.postMessage(plan);
});
document.documentElement.dataset.started = "yes";
