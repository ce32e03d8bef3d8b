// What a step is, the same for every viewer (the definition of "ms a step"): give an order, wait for
// the viewer's own word that it has painted and for a frame of the screen; at the end of many read
// a pixel back, so that nothing is left in the graphics queue.

(() => {
  const WARM_UP = 5;
  const LONGEST_STEP = 60_000; // milliseconds
  const SMALLEST_VIEW = 100; // CSS pixels

  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const channel = new MessageChannel();
  let wake = null;
  channel.port1.onmessage = () => wake();
  const breathe = () =>
    new Promise((resolve) => {
      wake = resolve;
      channel.port2.postMessage(0);
    });

  const within = (promise, what) =>
    Promise.race([
      promise,
      new Promise((_, reject) => setTimeout(() => reject(new Error(`${what} never came`)), LONGEST_STEP)),
    ]);

  const views = () =>
    [...document.querySelectorAll("canvas")].filter((canvas) => {
      const { width, height } = canvas.getBoundingClientRect();
      return Math.min(width, height) >= SMALLEST_VIEW;
    });

  function pictureOf(canvas, size) {
    const small = document.createElement("canvas");
    small.width = small.height = size;
    const context = small.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0, size, size);
    return context.getImageData(0, 0, size, size).data;
  }

  const drain = () => views().forEach((canvas) => pictureOf(canvas, 1));

  // One number for all that is on the canvases: steps that change nothing are no steps.
  const signature = () =>
    views()
      .flatMap((canvas) => [...pictureOf(canvas, 64)])
      .reduce((hash, value) => (hash * 31 + value) >>> 0, 7);

  // act(index) gives the order; painted(index) is asked before it for the promise of the viewer's word.
  async function steps(count, act, painted) {
    const one = async (index) => {
      const done = Promise.all([painted(index), frame()]);
      const begun = performance.now();
      act(index);
      await within(done, `step ${index}`);
      const took = performance.now() - begun;
      await breathe();
      return took;
    };
    const before = signature();
    for (let index = 0; index < WARM_UP; index += 1) await one(index);
    const changed = signature() !== before;
    await frame();
    await breathe();
    const each = [];
    const begun = performance.now();
    for (let index = WARM_UP; index < WARM_UP + count; index += 1) each.push(await one(index));
    drain();
    const total = performance.now() - begun;
    each.sort((a, b) => a - b);
    const at = (share) => each[Math.min(count - 1, Math.floor(share * count))];
    return { steps: count, all_steps: count + WARM_UP, ms: total / count, median: at(0.5), p95: at(0.95), changed };
  }

  window.bench = { steps, drain, frame };
})();
