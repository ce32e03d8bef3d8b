// A module worker for the tests: does one task and answers with its result or its failure.
import { startPython, warm } from "/static/viewer/runtime.js";

const tasks = {
  async start({ code, ...options }) {
    let last;
    const slow = [];
    const onProgress = (counts) => {
      last = counts;
    };
    const onSlowStart = (reason) => slow.push(reason);
    const pyodide = await startPython({ ...options, onProgress, onSlowStart });
    return { value: pyodide.runPython(code), progress: last, slow, fetch: String(self.fetch) };
  },

  async decode({ script, wasm, decoder, frame }) {
    const { default: factory } = await import(script);
    const codec = await factory({ locateFile: () => wasm });
    const instance = new codec[decoder]();
    instance.getEncodedBuffer(frame.length).set(frame);
    instance.decode();
    const { width, height } = instance.getFrameInfo();
    return { width, height, pixels: [...instance.getDecodedBuffer()] };
  },

  warm: ({ plan, connection }) => warm(plan, connection),
};

self.onmessage = async ({ data: [name, argument] }) => {
  try {
    self.postMessage({ result: await tasks[name](argument) });
  } catch (error) {
    self.postMessage({ failure: { reason: error.reason, message: String(error.message) } });
  }
};
