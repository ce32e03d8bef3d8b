// What the pages do beyond HTML. Everything works without it, only less smoothly.

import { installDialogs } from "./dialogs.js";
import { installNotices, showNotice } from "./notices.js";
import { installPasskeys } from "./passkeys.js";
import { installProgress } from "./progress.js";
import "./text-size.js";

installDialogs();
installNotices();
installPasskeys();
installProgress();

// A refused htmx request says why, in the words of its problem+json (RFC 9457).
document.body.addEventListener("htmx:responseError", (event) => {
  showNotice(problemText(event.detail.xhr.responseText), "error");
});
document.body.addEventListener("htmx:sendError", () => {
  showNotice(document.documentElement.dataset.offline ?? "", "error");
});

function problemText(body) {
  try {
    const problem = JSON.parse(body);
    return `${problem.title}：${problem.detail}`;
  } catch {
    return document.documentElement.dataset.failed ?? "";
  }
}
