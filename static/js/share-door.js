// The recipient's door. The secret stands in the fragment, which no server sees; it is read here,
// taken out of the address bar, and posted when the person clicks "open" – never by itself.
const form = document.querySelector("[data-share-door]");
const secret = form.querySelector("[name=secret]");
const code = form.querySelector("[data-code]");
const buttons = form.querySelectorAll("[type=submit]");

// Kept in this entry of the history, so that a reload of the page still knows it.
function readSecret() {
  const fragment = location.hash.slice(1);
  if (!fragment) return history.state?.shareSecret ?? "";
  history.replaceState({ shareSecret: fragment }, "", location.pathname + location.search);
  return fragment;
}

function useSecret() {
  if (!code) return; // the password's form carries the key already
  const found = readSecret();
  if (!found) return;
  secret.value = found;
  code.hidden = true;
}

useSecret();
window.addEventListener("hashchange", useSecret);
// A second click would use a second view.
function enable(enabled) {
  for (const button of buttons) button.disabled = !enabled;
}
form.addEventListener("submit", () => setTimeout(() => enable(false)));
window.addEventListener("pageshow", () => enable(true));
