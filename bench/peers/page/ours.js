// Gives our DICOM page the face that the bench asks of a viewer. Orders go to the worker as the
// page's own buttons send them; "painted" is the worker's answer to a message behind the painting.

(() => {
  const SLAB = 20; // mm
  const VOXEL = [0.7, 0.7, 1]; // mm
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

  const { drain, steps } = window.bench;
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

  async function mpr() {
    const begun = performance.now();
    const done = painted((scene) => scene.mode === "mpr" && !scene.waiting);
    order("mpr.open", { direction: "coronal" });
    await done;
    drain();
    return { ms: performance.now() - begun };
  }

  // Forth and back, so that no view comes to an end.
  const turn = (index, length) => (Math.floor(index / length) % 2 ? -1 : 1);

  const through = (count, length) =>
    steps(count, (index) => order("stack.scroll", { by: turn(index, length) }), () => painted());

  const mprOne = (count) => through(count, 40);

  // The point where the planes meet moves by a voxel each way, and so does every plane.
  async function mprThree(count) {
    const { center } = (await window.yingyun.state()).reformat.cross_hair;
    const at = [...center];
    return steps(
      count,
      (index) => {
        VOXEL.forEach((length, axis) => {
          at[axis] += length * turn(index, 40);
        });
        order("mpr.cursor", { x: at[0], y: at[1], z: at[2] });
      },
      () => painted(),
    );
  }

  async function mip(count) {
    await window.yingyun.command("mpr.projection", { projection: "MIP" });
    await window.yingyun.command("mpr.thickness", { thickness: SLAB });
    return through(count, 20);
  }

  window.viewer = { ready, loadAll, scroll, windowing, mpr, mprOne, mprThree, mip };
})();
