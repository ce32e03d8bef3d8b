// What both sides measure, in the same words.
export const now = () => performance.timeOrigin + performance.now();

export function measured(start) {
  self.onmessage = async ({ data: plan }) => {
    try {
      const times = {};
      const pyodide = await start(plan, times);
      pyodide.runPython("import numpy");
      times.numpy = now();
      pyodide.runPython(plan.imports);
      times.viewer = now();
      self.postMessage({ times });
    } catch (error) {
      self.postMessage({ error: String(error?.stack ?? error) });
    }
  };
}
