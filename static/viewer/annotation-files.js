// Files for the reader: downloads where there are any, the share sheet or a picture to hold elsewhere.

const MINI_PROGRAM = /miniProgram/i.test(navigator.userAgent) || window.__wxjs_environment === "miniprogram";
const IN_APP = /MicroMessenger|AlipayClient/i.test(navigator.userAgent);

export function saveFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export async function savePicture(blob, name, dialog) {
  if (MINI_PROGRAM || IN_APP) {
    showPicture(blob, dialog);
    return;
  }
  const file = new File([blob], name, { type: blob.type });
  if (matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ files: [file] })) {
    try {
      await navigator.share({ files: [file] });
    } catch (error) {
      if (error.name !== "AbortError") showPicture(blob, dialog); // the reader changed his mind, or it failed
    }
    return;
  }
  saveFile(blob, name);
}

function showPicture(blob, dialog) {
  const picture = dialog.querySelector("[data-picture]");
  picture.src = URL.createObjectURL(blob);
  dialog.onclose = () => {
    URL.revokeObjectURL(picture.src);
    picture.removeAttribute("src");
  };
  dialog.showModal();
}
