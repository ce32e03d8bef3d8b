// The share form: suggests a password, says how strong one is, keeps the form from being sent twice.
const form = document.querySelector("[data-share-form]");
const box = form.querySelector("[data-password]");
const input = box.querySelector("input");
const strength = box.querySelector("[data-strength]");
const words = JSON.parse(box.dataset.words);
const { alphabet, length } = box.dataset;

function randomPassword() {
  // Bytes beyond the last whole multiple of the alphabet are thrown away, so that none is favoured.
  const fair = 256 - (256 % alphabet.length);
  let made = "";
  while (made.length < Number(length)) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < fair) made += alphabet[byte % alphabet.length];
  }
  return made;
}

function grade(text) {
  if (text.length < 4) return 0;
  const kinds = [/[a-z]/i, /[0-9]/, /[^a-z0-9]/i].filter((kind) => kind.test(text)).length;
  if (text.length < 6 || kinds < 2) return 1;
  return text.length < 10 ? 2 : 3;
}

function showStrength() {
  const level = grade(input.value);
  strength.textContent = input.value ? words[level] : "";
  strength.dataset.level = String(level);
}

function keepFromTwice(event) {
  const button = event.target.querySelector("[type=submit]");
  // After the browser has collected the fields: a disabled button must not change what is sent.
  setTimeout(() => { button.disabled = true; });
}

box.querySelector("[data-password-tools]").hidden = false;
box.querySelector("[data-suggest]").addEventListener("click", () => {
  input.value = randomPassword();
  showStrength();
});
input.addEventListener("input", showStrength);
form.addEventListener("submit", keepFromTwice);
window.addEventListener("pageshow", () => { form.querySelector("[type=submit]").disabled = false; });
showStrength();
