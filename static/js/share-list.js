// The list of shares: says that a share is revoked once its row was exchanged.
import { showNotice } from "./notices.js";

document.body.addEventListener("share:revoked", (event) => {
  showNotice(event.detail.text, "success");
});
