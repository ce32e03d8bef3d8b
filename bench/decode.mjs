// Times the decoding of frames as the viewer's decode workers do it: node decode.mjs ROOT JOBS.
// JOBS is JSON: { addresses, jobs: [{ form, codec, files }], repeats }; prints milliseconds a frame.

import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

process.type = "renderer"; // else the libraries, ES modules, take the CommonJS way of Node
const [, , root, file] = process.argv;
const { Decoders } = await import(path.join(root, "static/viewer/codecs.js"));
const { addresses, jobs, repeats } = JSON.parse(fs.readFileSync(file));
const decoders = new Decoders(addresses, (name) => ({ wasmBinary: fs.readFileSync(addresses[name].wasm) }));
const inflate = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, zstd: zlib.zstdDecompressSync };

async function decode({ form, codec }, data) {
  if (codec !== null) return decoders.decode(codec, data);
  return form in inflate ? inflate[form](data) : data.slice();
}

const results = [];
for (const job of jobs) {
  const frames = job.files.map((name) => new Uint8Array(fs.readFileSync(name)));
  await decode(job, frames[0]);
  let best = Infinity;
  for (let round = 0; round < repeats; round += 1) {
    const before = process.cpuUsage();
    for (const frame of frames) await decode(job, frame);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000 / frames.length);
  }
  results.push(best);
}
console.log(JSON.stringify(results));
