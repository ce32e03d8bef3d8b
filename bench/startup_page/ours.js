// Pyodide as `yingyun assets` prepares it, started by the module that the viewer uses.
import { startPython } from "/static/viewer/runtime.js";
import { measured, now } from "./steps.js";

measured(async (plan, times) => {
  const pyodide = await startPython({ assets: plan.ours });
  times.core = now();
  return pyodide;
});
