// Pyodide as its makers ship it: npm package and wheel as they are, viewer_py as sources in a zip.
import { measured, now } from "./steps.js";

measured(async (plan, times) => {
  const { loadPyodide } = await import(`${plan.stock}pyodide.mjs`);
  const pyodide = await loadPyodide();
  times.core = now();
  await pyodide.loadPackage("numpy", { messageCallback: () => {} });
  const viewer = await (await fetch(`${plan.stock}viewer_py.zip`)).arrayBuffer();
  pyodide.unpackArchive(viewer, "zip");
  return pyodide;
});
