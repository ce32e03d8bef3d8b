// First script of a page whose session is held in memory (static/js/memory-session.js): whatever the
// page asks of its launch carries the token; links and forms lead through the holder.

(() => {
  const { show, header: [name, token] } = window.frameElement.yingyun;
  const refresh = document.currentScript.dataset.refresh;
  const ours = (address) => {
    const at = new URL(address, location.href);
    return at.origin === location.origin && at.pathname.startsWith("/launched/");
  };

  const ask = window.fetch.bind(window);
  window.fetch = (input, init = {}) => {
    if (input instanceof Request || !ours(input)) return ask(input, init);
    const headers = new Headers(init.headers);
    headers.set(name, token);
    return ask(input, { ...init, headers });
  };

  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    open.call(this, method, address, ...rest);
    if (ours(address)) this.setRequestHeader(name, token);
  };

  // Pictures: fetched, then shown from memory.
  const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
  const decode = HTMLImageElement.prototype.decode;
  const coming = new WeakMap();
  Object.defineProperty(HTMLImageElement.prototype, "src", {
    ...source,
    set(address) {
      if (!ours(address)) {
        source.set.call(this, address);
        return;
      }
      const arrived = window
        .fetch(address)
        .then((answer) => (answer.ok ? answer.blob() : null), () => null)
        .then((blob) => {
          if (coming.get(this) !== arrived) return; // another one is wanted meanwhile
          source.set.call(this, blob ? URL.createObjectURL(blob) : address);
        });
      coming.set(this, arrived);
    },
  });
  HTMLImageElement.prototype.decode = async function () {
    await coming.get(this);
    return decode.call(this);
  };

  window.Worker = class extends Worker {
    constructor(address, options) {
      super(address, options);
      if (new URL(address).pathname.endsWith("/viewer/worker.js")) {
        this.postMessage({ type: "authorize", header: [name, token] });
      }
    }
  };

  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || !ours(link.href)) return;
    if (link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    show(link.href);
  });

  addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !ours(form.action)) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, event.submitter));
    if (form.method === "post") show(form.action, { method: "POST", body: fields });
    else show(`${new URL(form.action).pathname}?${fields}`);
  });

  if (refresh) setTimeout(() => show(location.href), parseInt(refresh, 10) * 1000);
})();
