// Runs in node: starts Python as the browser will, imports what is asked for, and writes what that
// left in memory (static/viewer/snapshot.js has the format and brings it back).
//
// Argument: the path of a JSON file {pyodide, snapshot_module, script, library, libraries: {name:
// file}, base: file or null, archive: file or null, modules, target}. With `base` that snapshot is
// the beginning, and what is written comes on top of it.
import crypto from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// The same inputs give the same bytes: no clock and no chance gets into the memory.
Date.now = () => 0;
performance.now = () => 0;
crypto.randomFillSync = (array) => array.fill(0);

const load = (path) => import(pathToFileURL(path).href);

async function main(plan) {
  const { ARCHIVE_PATH, LIBRARIES, moduleMaker, readSnapshot, writeSnapshot } = await load(plan.snapshot_module);
  const { loadPyodide } = await load(`${plan.pyodide}/pyodide.mjs`);
  const { default: factory } = await load(`${plan.pyodide}/pyodide.asm.mjs`);
  const base = plan.base && readSnapshot(new Uint8Array(readFileSync(plan.base)));
  const lock = readFileSync(`${plan.pyodide}/pyodide-lock.json`, "utf8");
  let before;
  let table;
  const pyodide = await loadPyodide({
    indexURL: plan.pyodide,
    stdLibURL: plan.library,
    lockFileContents: lock,
    env: { PYTHONHASHSEED: "0" },
    _makeSnapshot: true,
    ...(base && { _loadSnapshot: base.state }),
    createPyodideModule: moduleMaker(factory, {
      libraries: Object.fromEntries(
        Object.entries(plan.libraries).map(([name, file]) => [
          name,
          new WebAssembly.Module(readFileSync(file)),
        ]),
      ),
      snapshots: base && [base],
      onTable: (length) => (table = length),
      onMemory: (Module) => (before = Module.HEAPU8.slice()),
    }),
  });
  const Module = pyodide._module;
  if (plan.archive) pyodide.FS.writeFile(ARCHIVE_PATH, readFileSync(plan.archive));
  pyodide.runPython(readFileSync(plan.script, "utf8"));
  const prepare = pyodide.globals.get("prepare");
  prepare(Object.values(LIBRARIES), plan.modules, plan.archive ? ARCHIVE_PATH : "");
  prepare.destroy();
  pyodide.runPython("del prepare");
  clearFreeMemory(Module);
  const state = stateOf(pyodide.makeMemorySnapshot());
  const bytes = writeSnapshot({ before, after: Module.HEAPU8, state, table, lock });
  writeFileSync(plan.target, bytes);
}

// Pyodide's snapshot is its state, then all of the memory; the second word says where that begins.
function stateOf(snapshot) {
  return snapshot.slice(0, new Uint32Array(snapshot.buffer, 0, 2)[1]);
}

// What was freed is rubbish that would be sent to every browser: take all of it once and clear it.
function clearFreeMemory(Module) {
  const end = () => Module.HEAPU32[Module._emscripten_get_sbrk_ptr() / 4];
  const taken = [];
  for (let size = 2 ** 20; size >= 8; size = size > 256 ? size / 2 : size - 8) {
    for (;;) {
      const before = end();
      const block = Module._malloc(size);
      taken.push(block);
      if (end() !== before) break; // nothing of this size was free: it came from beyond the end
      Module.HEAPU8.fill(0, block, block + size);
    }
  }
  for (const block of taken) Module._free(block);
  Module.HEAPU8.fill(0, end());
}

try {
  await main(JSON.parse(readFileSync(process.argv[2], "utf8")));
} catch (error) {
  // Only the message: the trace would quote Pyodide's script, all of it on one line.
  console.error(error.message);
  process.exit(1);
}
