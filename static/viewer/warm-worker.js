// Starts Python once and forgets it, so that the browser has its files compiled when they are wanted.
import { startPython } from "./runtime.js";

onmessage = async ({ data: assets }) => {
  try {
    await startPython({ assets });
    postMessage(true);
  } catch {
    postMessage(false); // whoever opens the viewer is told why
  }
};
