// Bundles the peer as a site of its own would: minified, code split, codecs as files of their own.

import { fileURLToPath } from "node:url";
import { build } from "vite";
import commonjs from "vite-plugin-commonjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  root: here("./"),
  base: "/",
  configFile: false,
  logLevel: "warn",
  plugins: [commonjs()],
  worker: { format: "es", plugins: () => [commonjs()] },
  // What the codecs import from Node's own library.
  resolve: { alias: { events: here("node_modules/events/events.js"), url: here("node_modules/url/url.js") } },
  build: { outDir: here("dist"), emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 100_000 },
});
