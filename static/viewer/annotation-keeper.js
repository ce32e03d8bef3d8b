// Keeps a reader's annotations on the server: loads them after the first picture, saves what changed,
// says when that fails, tries again, and joins what another device has saved meanwhile.

const SAVE_AFTER = 1200; // milliseconds without a change
const RETRY = [2000, 5000, 10000, 30000];
const KEEPALIVE_MOST = 60000; // bytes that a browser sends on for a page that is gone
const NOTHING = { version: 1, annotations: [] };

export class AnnotationKeeper {
  #base;
  #hooks;
  #revision = 0;
  #kept = true;
  #loaded = false;
  #saved = NOTHING; // what the server has, as far as this page knows
  #now = NOTHING;
  #timer = 0;
  #failures = 0;
  #saving = false;
  #stopped = false;

  constructor(base, hooks) {
    this.#base = base;
    this.#hooks = hooks;
  }

  begin() {
    addEventListener("pagehide", () => this.#leave());
    addEventListener("online", () => this.#failures && this.#again(0));
    this.#load();
  }

  changed(text) {
    this.#now = JSON.parse(text);
    if (!this.#kept) this.#remember();
    else if (this.#loaded && !this.#isSaved()) this.#again(SAVE_AFTER);
  }

  file() {
    return new Blob([JSON.stringify(this.#now)], { type: "application/json" });
  }

  async report() {
    const answer = await this.#send("POST", "annotations.dcm", { document: this.#now });
    if (!answer.ok) throw new Error(await adviceOf(answer));
    return answer.blob();
  }

  async read(file) {
    const type = file.name.toLowerCase().endsWith(".json") ? "application/json" : "application/dicom";
    const answer = await fetch(`${this.#base}/annotations/import`, {
      method: "POST",
      headers: { "Content-Type": type, Accept: "application/json", ...csrf() },
      credentials: "same-origin",
      body: file,
    });
    if (!answer.ok) throw new Error(await adviceOf(answer));
    return answer.json();
  }

  #isSaved() {
    return same(this.#now, this.#saved);
  }

  #again(wait) {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#loaded ? this.#save() : this.#load()), wait);
  }

  async #load() {
    try {
      const answer = await fetch(`${this.#base}/annotations.json`, { credentials: "same-origin", cache: "no-store" });
      if (this.#hasEnded(answer)) return;
      if (!answer.ok) throw new Error(String(answer.status));
      await this.#take(await answer.json());
      if (this.#failures) this.#hooks.said("saved");
      this.#failures = 0;
    } catch {
      this.#fail("unread");
    }
  }

  async #take({ kept, revision, document }) {
    this.#kept = kept;
    const theirs = kept ? document : (this.#remembered() ?? NOTHING);
    const base = this.#loaded ? this.#saved : null;
    this.#revision = revision;
    this.#saved = theirs;
    this.#loaded = true;
    if (!kept) this.#hooks.said("not_kept");
    if (theirs.annotations.length || base) {
      await this.#hooks.load(JSON.stringify(theirs), base && JSON.stringify(base));
    }
    if (kept && !this.#isSaved()) this.#again(SAVE_AFTER);
  }

  async #save() {
    if (this.#saving || !this.#kept || this.#isSaved()) return;
    this.#saving = true;
    const sent = this.#now;
    this.#hooks.said("saving");
    try {
      const answer = await this.#send("PUT", "annotations.json", { revision: this.#revision, document: sent });
      await this.#answered(answer, sent);
    } catch {
      this.#fail("unsaved");
    } finally {
      this.#saving = false;
    }
    if (!this.#failures && !this.#isSaved()) this.#again(SAVE_AFTER);
  }

  async #answered(answer, sent) {
    if (this.#hasEnded(answer)) return;
    if (answer.status === 409) {
      await this.#take(await answer.json()); // another device was first: join, then save
      return;
    }
    if (answer.status === 422) {
      this.#stopped = true;
      this.#hooks.said("refused", await adviceOf(answer));
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    this.#revision = (await answer.json()).revision;
    this.#saved = sent;
    this.#hooks.said(this.#failures ? "again" : "saved");
    this.#failures = 0;
  }

  // Whose access has ended is told so elsewhere.
  #hasEnded({ status }) {
    this.#stopped ||= [401, 403, 404, 410].includes(status);
    return this.#stopped;
  }

  #fail(word) {
    const wait = RETRY[Math.min(this.#failures, RETRY.length - 1)];
    this.#failures += 1;
    this.#hooks.said(word);
    this.#again(wait);
  }

  #leave() {
    if (!this.#loaded || !this.#kept || this.#stopped || this.#isSaved()) return;
    const body = { revision: this.#revision, document: this.#now };
    const small = JSON.stringify(body).length < KEEPALIVE_MOST;
    this.#send("PUT", "annotations.json", body, { keepalive: small }).catch(() => {});
  }

  #send(method, name, body, more = {}) {
    return fetch(`${this.#base}/${name}`, {
      method,
      headers: { "Content-Type": "application/json", Accept: "application/json", ...csrf() },
      credentials: "same-origin",
      body: JSON.stringify(body),
      ...more,
    });
  }

  // What the recipient of a share draws stays in his window, and outlives a reload.
  #remember() {
    try {
      sessionStorage.setItem(`yingyun:annotations:${this.#base}`, JSON.stringify(this.#now));
    } catch {
      // then it stays until the page goes
    }
  }

  #remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(`yingyun:annotations:${this.#base}`));
    } catch {
      return null;
    }
  }
}

function csrf() {
  const token = document.querySelector("meta[name='csrf-token']")?.content;
  return token ? { "X-CSRFToken": token } : {};
}

async function adviceOf(answer) {
  const problem = await answer.json().catch(() => ({}));
  return problem.detail ?? problem.title ?? String(answer.status);
}

// The order of the fields differs between the server and Python in the worker.
function same(one, other) {
  const plain = ({ annotations }) => JSON.stringify(annotations.map((row) => Object.entries(row).sort().map(([name, value]) => [name, sorted(value)])).sort());
  return plain(one) === plain(other);
}

function sorted(value) {
  return value && typeof value === "object" && !Array.isArray(value) ? Object.entries(value).sort() : value;
}
