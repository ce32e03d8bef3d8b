// Keeps the viewer's files where the browser does not evict them, and says so when there is no
// network. Registered by static/viewer/runtime.js as /service-worker.js?v=VERSION.
//
// Nothing comes into its cache but files whose address names their content, the same for everyone:
// never a page, never anything of a person or a study.

const PREFIX = "yingyun-files-";
const CACHE = PREFIX + new URL(location.href).searchParams.get("v");
const OFFLINE = "/offline";

addEventListener("install", (event) => {
  skipWaiting();
  // Browsers that can look into the cache themselves do so, and this script need not be started.
  // The others keep to their HTTP cache.
  event.addRoutes?.([
    { condition: { urlPattern: { pathname: "/(assets|static)/*" } }, source: { cacheName: CACHE } },
    { condition: { not: { requestMode: "navigate" } }, source: "network" },
  ]);
  event.waitUntil(keepOfflinePage());
});

addEventListener("activate", (event) => event.waitUntil(begin()));

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || request.mode !== "navigate") return;
  if (new URL(request.url).origin === location.origin) event.respondWith(pageOr(event));
});

async function keepOfflinePage() {
  const cache = await caches.open(CACHE);
  const page = await fetch(OFFLINE, { credentials: "omit", cache: "reload" });
  const words = await page.clone().text();
  const parts = [...words.matchAll(/href="(\/static\/v-[^"]+)"/g)].map(([, address]) => address);
  await cache.put(OFFLINE, page);
  await cache.addAll(parts);
}

async function begin() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await registration.navigationPreload?.enable();
  await clients.claim();
}

// The page itself always comes from the network, asked while this script starts.
async function pageOr(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    const cache = await caches.open(CACHE);
    return (await cache.match(OFFLINE)) ?? Response.error();
  }
}
