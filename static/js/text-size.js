// Changes the size of the text in place; without this script the page is loaded anew.

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-text-size-switch]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const wanted = button.value;
  // Kept for the next page; where that fails this one has it all the same.
  fetch(form.action, { method: "POST", credentials: "same-origin", redirect: "manual", body: new FormData(form, button) }).catch(() => {});
  document.documentElement.dataset.textSize = wanted;
  for (const one of document.querySelectorAll("[data-text-size-switch] button")) {
    one.value = wanted === "large" ? "normal" : "large";
    one.setAttribute("aria-pressed", String(wanted === "large"));
  }
});
