// Asks before DICOM is fetched (B-05) and warms the Python runtime while the person looks at JPG.
const opener = document.querySelector("[data-dicom]");
const dialog = document.querySelector("[data-dicom-dialog]");

function canRunPython() {
  return typeof WebAssembly === "object" && typeof Worker === "function" && "noModule" in HTMLScriptElement.prototype;
}

function refuse() {
  const reason = dialog.querySelector("[data-dicom-unfit]");
  reason.textContent = reason.dataset.text;
  reason.hidden = false;
  dialog.querySelector("[data-dicom-confirm]").hidden = true;
}

async function warmRuntime() {
  const assets = document.querySelector("#runtime-assets");
  if (!assets || !canRunPython()) return;
  const { warm } = await import(assets.dataset.module);
  if (await warm(JSON.parse(assets.textContent))) performance.mark("yingyun:runtime-warmed");
}

// The person's own picture comes first; the runtime may follow when the line is free.
function warmWhenIdle() {
  const later = window.requestIdleCallback ?? ((callback) => setTimeout(callback, 1500));
  later(() => warmRuntime().catch(() => {}));
}

if (opener && dialog) {
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    if (!canRunPython()) refuse();
    dialog.showModal();
  });
  dialog.querySelector("[data-dicom-confirm]").addEventListener("click", () => {
    sessionStorage.setItem("yingyun:dicom-confirmed", String(Date.now()));
  });
}

if (document.readyState === "complete") warmWhenIdle();
else window.addEventListener("load", warmWhenIdle, { once: true });
