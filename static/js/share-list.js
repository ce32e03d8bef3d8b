// The list of shares: once a row was exchanged for the revoked one, says so and puts the focus back
// into it, since the button that had it is gone.
import { showNotice } from "./notices.js";

document.body.addEventListener("share:revoked", (event) => {
  showNotice(event.detail.text, "success");
  document.getElementById(event.detail.row)?.querySelector("a")?.focus();
});
