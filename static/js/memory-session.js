// A launch whose browser keeps no cookies in frames: the token lives in this page's memory and
// nowhere else. Every page is fetched with it and written into a frame of its own, where
// static/js/memory-page.js sends it along.

const HEADER = "X-Yingyun-Launch";
const PICTURES = "img[src^='/launched/']";

export function hold({ token, url }, origin) {
  let frame = null;
  let current = null; // the listener of the page on the screen
  window.addEventListener("message", (event) => current?.(event));

  const port = {
    greeted: true, // by whoever gave the ticket
    listen: (hear) => (current = hear),
    post: (message) => window.parent.postMessage(message, origin),
  };

  const ask = (address, init = {}) =>
    fetch(address, { ...init, credentials: "omit", headers: { ...init.headers, [HEADER]: token } });

  async function show(address, init) {
    const answer = await ask(address, init);
    if (!answer.headers.get("Content-Type")?.startsWith("text/html")) {
      keep(await answer.blob(), answer.headers.get("Content-Disposition"));
      return;
    }
    const at = new URL(answer.url);
    const html = await readied(await answer.text());
    current = null;
    history.replaceState(null, "", at.pathname + at.search);
    const next = document.createElement("iframe");
    next.className = "held-frame";
    next.allowFullscreen = true;
    next.title = document.title;
    frame?.remove();
    document.body.replaceChildren(next);
    frame = next;
    next.yingyun = { port, show, header: [HEADER, token], around: window.parent };
    const inside = next.contentDocument;
    inside.open(); // takes over this page's address, and its policy
    inside.write(html);
    inside.close();
  }

  // The page with its first pictures, which no <img> could fetch, and our script before all others.
  async function readied(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    page.querySelectorAll("link[rel=preload][as=image]").forEach((link) => link.remove());
    const refresh = page.querySelector("meta[http-equiv=refresh]");
    refresh?.remove();
    await Promise.all([...page.querySelectorAll(PICTURES)].map(fill));
    const script = page.createElement("script");
    script.src = new URL("./memory-page.js", import.meta.url).pathname;
    if (refresh) script.dataset.refresh = refresh.content;
    page.head.prepend(script);
    return `<!doctype html>${page.documentElement.outerHTML}`;
  }

  async function fill(picture) {
    const answer = await ask(picture.getAttribute("src"));
    if (answer.ok) picture.src = URL.createObjectURL(await answer.blob());
  }

  function keep(blob, disposition) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = disposition?.match(/filename="?([^";]+)"?/)?.[1] ?? "";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  show(url);
}
