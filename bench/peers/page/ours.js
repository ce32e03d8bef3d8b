// Gives our DICOM page the face that the bench asks of a viewer. Orders go to the worker as the
// page's own buttons send them; "painted" is the worker's answer to a message behind the painting.

(() => {
  let worker = null;
  let listen = null;

  // The page's worker is the one that its own modules start first.
  const Native = window.Worker;
  window.Worker = class extends Native {
    constructor(...given) {
      super(...given);
      worker ??= this;
      if (worker === this) this.addEventListener("message", ({ data }) => listen?.(JSON.parse(data)));
    }
  };

  const order = (name, args = {}) => worker.postMessage({ type: "command", name, args });

  // The scene comes before its painting, in the same task of the worker; no message is answered
  // until that task is over. A kind of message that nobody knows costs the answer nothing.
  const painted = (fits = () => true) =>
    new Promise((resolve) => {
      let seen = false;
      listen = (message) => {
        if (message.type === "scene" && !seen && fits(message)) {
          seen = true;
          worker.postMessage({ type: "bench", id: -1 });
        } else if (message.type === "reply" && message.id === -1) {
          listen = null;
          resolve();
        }
      };
    });

  const { steps } = window.bench;
  const ready = new Promise((resolve) => {
    addEventListener("DOMContentLoaded", () => setTimeout(() => window.yingyun.ready.then(resolve)));
  });

  // The series comes by itself. When its streaming began is known to the worker alone.
  async function loadAll() {
    const loaded = () => performance.getEntriesByName("yingyun:series-loaded")[0];
    while (!loaded()) await new Promise((resolve) => setTimeout(resolve, 50));
    const { frame_count: images } = await window.yingyun.state();
    return { images, ended: loaded().startTime };
  }

  async function scroll(count) {
    const { frame_count: frames } = await window.yingyun.command("stack.go", { frame: 0 });
    return steps(
      count,
      (index) => order("stack.go", { frame: (index + 1) % frames }),
      (index) => painted((scene) => scene.frame_index === (index + 1) % frames),
    );
  }

  const windowing = (count) =>
    steps(
      count,
      (index) => order("window.set", { center: 40 + (index % 50), width: 300 + 4 * (index % 100) }),
      () => painted(),
    );

  window.viewer = { ready, loadAll, scroll, windowing };
})();
