// Notices can be dismissed; good news goes by itself, bad news stays, and so does a way back.

const GOOD_NEWS_MILLISECONDS = 6000;

export function showNotice(text, kind = "info") {
  const template = document.getElementById(`notice-${kind}`);
  const notice = template.content.firstElementChild.cloneNode(true);
  notice.querySelector(".notice-text").textContent = text;
  document.getElementById("notices").append(notice);
  watch(notice);
}

export function installNotices() {
  document.querySelectorAll("#notices .notice").forEach(watch);
}

function watch(notice) {
  const close = notice.querySelector("[data-dismiss]");
  close.hidden = false;
  close.addEventListener("click", () => notice.remove());
  if (notice.classList.contains("notice-success") && !notice.querySelector("form")) {
    setTimeout(() => notice.remove(), GOOD_NEWS_MILLISECONDS);
  }
}
