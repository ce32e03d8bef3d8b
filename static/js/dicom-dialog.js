// Asks before DICOM is fetched (B-05) and warms the Python runtime while the person looks at JPG.
const opener = document.querySelector("[data-dicom]");
const dialog = document.querySelector("[data-dicom-dialog]");
const QUIET_MILLISECONDS = 6000;

function canRunPython() {
  return typeof WebAssembly === "object" && typeof Worker === "function" && "noModule" in HTMLScriptElement.prototype;
}

function refuse() {
  const reason = dialog.querySelector("[data-dicom-unfit]");
  reason.textContent = reason.dataset.text;
  reason.hidden = false;
  dialog.querySelector("[data-dicom-confirm]").hidden = true;
}

let warming = null;

function warmRuntime() {
  warming ??= fetchRuntime().catch(() => {});
}

async function fetchRuntime() {
  const assets = document.querySelector("#runtime-assets");
  if (!assets || !canRunPython()) return;
  const { warm } = await import(assets.dataset.module);
  if (await warm(JSON.parse(assets.textContent))) performance.mark("yingyun:runtime-warmed");
}

// The person's own pictures come first, these and the next ones: the runtime follows once nothing
// was touched or loaded for a while. Where megabytes are paid for, whoever asks for DICOM needs it,
// nobody else.
function warmWhenQuiet() {
  const idle = window.requestIdleCallback ?? ((callback) => callback());
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => idle(warmRuntime), QUIET_MILLISECONDS);
  };
  for (const kind of ["pointerdown", "keydown", "wheel", "input"]) {
    addEventListener(kind, () => warming ?? wait(), { passive: true });
  }
  new PerformanceObserver(() => warming ?? wait()).observe({ type: "resource" });
  wait();
}

if (opener && dialog) {
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    if (!canRunPython()) refuse();
    dialog.showModal();
    warmRuntime();
  });
  dialog.querySelector("[data-dicom-confirm]").addEventListener("click", () => {
    sessionStorage.setItem("yingyun:dicom-confirmed", String(Date.now()));
  });
}

if (navigator.connection?.type !== "cellular") {
  opener?.addEventListener("pointerenter", warmRuntime, { once: true });
  if (document.readyState === "complete") warmWhenQuiet();
  else window.addEventListener("load", warmWhenQuiet, { once: true });
}
