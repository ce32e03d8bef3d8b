// Copies findings and opinion: the server records the citation and gives its text, which carries
// the id. In a hospital's frame the page around is told too (embedding.js).

for (const form of document.querySelectorAll("form[data-cite]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    cite(form);
  });
}

async function cite(form) {
  const button = form.querySelector("button");
  const status = form.querySelector("[data-cite-status]");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const { citation_id: id, text } = await answer.json();
    status.textContent = ((await copied(form, text)) ? form.dataset.copied : form.dataset.selected) + id;
    window.dispatchEvent(new CustomEvent("yingyun:cited", { detail: { citation_id: id, text } }));
  } catch {
    status.textContent = form.dataset.refused;
  } finally {
    button.disabled = false;
  }
}

// No clipboard in plain HTTP and in some frames: the physician copies what is selected.
async function copied(form, text) {
  const shown = form.querySelector("[data-cite-text]");
  try {
    await navigator.clipboard.writeText(text);
    shown.hidden = true;
    return true;
  } catch {
    shown.value = text;
    shown.hidden = false;
    shown.select();
    return false;
  }
}
