// Passkeys (W3C Web Authentication): a form marked with data-passkey asks the device, puts what it
// signed into the field `assertion`, and is sent. Without a passkey the pages work as before.

const FAILED = new Set(["NotAllowedError", "AbortError"]);

export function installPasskeys() {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const works = Boolean(window.PublicKeyCredential) && form.dataset.origin === location.origin;
    const part = form.closest("[data-passkey-part]") ?? form;
    part.hidden = !works;
    document.querySelectorAll("[data-passkey-unavailable]").forEach((one) => { one.hidden = works; });
    if (works) form.addEventListener("submit", (event) => ask(event, form));
  }
}

async function ask(event, form) {
  event.preventDefault();
  if (!form.reportValidity()) return;
  const button = form.querySelector("button[type=submit]");
  const problem = form.querySelector("[data-passkey-problem]");
  problem.hidden = true;
  button.disabled = true;
  try {
    const { token, options } = await question(form);
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: creation(options) })
      : await navigator.credentials.get({ publicKey: request(options) });
    form.elements.assertion.value = JSON.stringify({ token, credential: asJson(credential) });
    form.submit();
  } catch (error) {
    button.disabled = false;
    problem.hidden = false;
    problem.textContent = FAILED.has(error.name) ? form.dataset.cancelled : form.dataset.failed;
  }
}

async function question(form) {
  const csrf = document.querySelector("meta[name=csrf-token]").content;
  const answer = await fetch(form.dataset.options, {
    method: "POST",
    headers: { "X-CSRFToken": csrf, Accept: "application/json" },
  });
  if (answer.status === 401 && form.dataset.again) {
    location.assign(form.dataset.again);
    return new Promise(() => {}); // the page is being left
  }
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

function creation(options) {
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(descriptor),
  };
}

function request(options) {
  return {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map(descriptor),
  };
}

const descriptor = (one) => ({ ...one, id: bytes(one.id) });

// Older browsers lack PublicKeyCredential.toJSON.
function asJson(credential) {
  const { response } = credential;
  const told = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    told.attestationObject = text(response.attestationObject);
    told.transports = response.getTransports?.() ?? [];
  } else {
    told.authenticatorData = text(response.authenticatorData);
    told.signature = text(response.signature);
    if (response.userHandle) told.userHandle = text(response.userHandle);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: told };
}

function bytes(base64url) {
  const plain = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
