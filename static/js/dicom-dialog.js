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
  const { warm } = await import(document.documentElement.dataset.runtime);
  await warm(JSON.parse(document.querySelector("#runtime-assets").textContent));
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
