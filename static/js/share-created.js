// Passing a new share on: copy the link, or hand it to the system's share sheet.
import { showNotice } from "./notices.js";

const card = document.querySelector("[data-created]");
const address = card.querySelector("[data-address]");
const share = card.querySelector("[data-share]");
const { link, title, copied, selected } = card.dataset;

async function copy() {
  try {
    await navigator.clipboard.writeText(link);
    showNotice(copied, "success");
  } catch {
    // No clipboard in plain HTTP and in some web views: the person copies what is selected.
    address.focus();
    address.select();
    showNotice(selected, "info");
  }
}

async function hand() {
  try {
    await navigator.share({ title, url: link });
  } catch (error) {
    if (error.name !== "AbortError") await copy();
  }
}

card.querySelector("[data-link-tools]").hidden = false;
card.querySelector("[data-copy]").addEventListener("click", copy);
address.addEventListener("focus", () => address.select());
share.hidden = typeof navigator.share !== "function";
share.addEventListener("click", hand);
