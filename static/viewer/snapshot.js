// Brings Python back as it was when the assets were built, instead of starting it anew: the bytes of
// its memory that had changed since WebAssembly was instantiated. Used by runtime.js in the browser
// and by server/assets/snapshot.mjs in node, which writes the snapshots.
//
// Nothing of Pyodide is patched. Its own snapshot covers its state in JavaScript; numpy's libraries
// are loaded before Python, as they were when the snapshot was taken, so that they come to lie at
// the same addresses of memory and function table.
//
// A snapshot in bytes: length of the head (uint32, little endian), the head (JSON: memory, table,
// lock, state, runs), padding to 4 bytes, Pyodide's state (`state` bytes), the runs (pairs of uint32: the
// first block and the one after the last), and the bytes of those blocks.

// Where viewer_py's modules lie, for what is imported later than the snapshot was taken.
export const ARCHIVE_PATH = "/lib/viewer_py.zip";
// Extension modules, in the order in which they are loaded, and where Python finds them.
export const LIBRARIES = {
  multiarray: "/numpy/_core/_multiarray_umath.so",
  linalg: "/numpy/linalg/_umath_linalg.so",
};
const BLOCK_BYTES = 256;
const WORD = 4;

/** Return {memory, table, lock, state, runs, data} of a snapshot's bytes. */
export function readSnapshot(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = view.getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(WORD, WORD + length)));
  let at = WORD * Math.ceil((WORD + length) / WORD);
  const state = bytes.slice(at, (at += head.state));
  const runs = new Uint32Array(bytes.slice(at, (at += 2 * WORD * head.runs)).buffer);
  return { ...head, state, runs, data: bytes.subarray(at) };
}

/** Return the bytes of a snapshot: what of `after` is not as in `before` (both whole memories). */
export function writeSnapshot({ before, after, state, table, lock }) {
  const runs = differences(words(before), words(after));
  const json = JSON.stringify({
    memory: after.length,
    table,
    lock,
    state: WORD * Math.ceil(state.length / WORD),
    runs: runs.length,
  });
  const head = new TextEncoder().encode(json);
  const pad = (bytes) => new Uint8Array((WORD - (bytes % WORD)) % WORD);
  const parts = [
    new Uint8Array(Uint32Array.of(head.length).buffer),
    head,
    pad(WORD + head.length),
    state,
    pad(state.length),
    new Uint8Array(Uint32Array.from(runs.flat()).buffer),
    ...runs.map(([start, end]) => after.subarray(start * BLOCK_BYTES, end * BLOCK_BYTES)),
  ];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const words = (memory) => new BigUint64Array(memory.buffer, memory.byteOffset, memory.length / 8);

function differences(before, after) {
  const step = BLOCK_BYTES / 8;
  const runs = [];
  for (let block = 0; block * step < after.length; block += 1) {
    let at = block * step;
    const end = at + step;
    while (at < end && after[at] === (before[at] ?? 0n)) at += 1;
    if (at === end) continue;
    if (runs.at(-1)?.[1] === block) runs.at(-1)[1] += 1;
    else runs.push([block, block + 1]);
  }
  return runs;
}

/**
 * Return the function that makes Pyodide's module, for its option `createPyodideModule`.
 *
 * `libraries` ({name in LIBRARIES: WebAssembly.Module}) are loaded before Python starts. `snapshots`, when given, take the place of Python's own start, the
 * later laid over the earlier; their bytes are given up then. Both may still be on their way. `onTable(length)` tells how long the
 * function table is before the libraries, `onMemory(module)` when the memory is as Python, or what
 * was restored, begins with it.
 */
export function moduleMaker(factory, { libraries, snapshots = null, onTable = () => {}, onMemory = () => {} }) {
  return (settings) => {
    let Module;
    let restored = [];
    const instantiate = settings.instantiateWasm;
    settings.instantiateWasm = (imports, receive) =>
      instantiate(imports, (instance, wasm) => receive({ exports: asInTable(instance.exports) }, wasm));
    const prepare = async () => {
      restored = (await snapshots) ?? [];
      if (restored.length) alignTable(Module.wasmTable, restored[0].table);
      onTable(Module.wasmTable.length);
      for (const [name, path] of Object.entries(LIBRARIES)) {
        const flags = { loadAsync: true, nodelete: true };
        const library = await libraries[name];
        const exports = await Module.loadWebAssemblyModule(library, flags, path, {});
        Module.preloadedWasm[path] = exports;
      }
    };
    const failed = new Promise((_resolve, reject) => {
      settings.preRun.push((made) => {
        Module = made;
        Module.addRunDependency("libraries");
        prepare().then(() => Module.removeRunDependency("libraries")).catch(reject);
      });
      // Emscripten calls the module made before this, and goes on whatever is thrown.
      settings.onRuntimeInitialized = () => {
        try {
          if (restored.length) restore(Module, restored);
          restored.splice(0).forEach(release);
          onMemory(Module);
        } catch (error) {
          reject(error);
        }
      };
    });
    return Promise.race([failed, factory(settings).then((made) => Promise.race([failed, made]))]);
  };
}

// In WebKit a function that the table has and one that is exported are two objects, where they ought
// to be one. Pyodide would take most exports for functions that the table lacks, and lengthen it.
function asInTable(exports) {
  const table = exports.__indirect_function_table;
  const inTable = new Map(); // by its number in the module, which is a function's name
  for (let index = 0; index < table.length; index += 1) {
    const entry = table.get(index);
    if (entry) inTable.set(entry.name, entry);
  }
  const same = (value) => (typeof value === "function" && inTable.get(value.name)) || value;
  return Object.fromEntries(Object.entries(exports).map(([name, value]) => [name, same(value)]));
}

function restore(Module, snapshots) {
  // How calls go through the function table is this browser's affair (Safari's differs).
  const trampoline =
    (Module.__PyRuntime + Module.HEAP32[Module.__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET / WORD]) / WORD;
  const own = Module.HEAP32[trampoline];
  for (const { memory, runs, data } of snapshots) {
    if (Module.HEAPU8.length < memory) Module.growMemory(memory);
    let at = 0;
    for (let run = 0; run < runs.length; run += 2) {
      const start = runs[run] * BLOCK_BYTES;
      const length = runs[run + 1] * BLOCK_BYTES - start;
      Module.HEAPU8.set(data.subarray(at, at + length), start);
      at += length;
    }
  }
  Module.HEAP32[trampoline] = own;
}

// What is in Python's memory now need not be there twice: 16 MB that whoever still holds the
// snapshot would keep. Browsers that cannot give it up at once do so when they clean up.
function release(snapshot) {
  snapshot.data.buffer.transfer?.(0);
  snapshot.data = snapshot.runs = null;
}

// Where a browser lacks the newer trampoline the table is shorter by its entry, and all that follows
// would come to lie elsewhere than the snapshot has it.
function alignTable(table, length) {
  if (table.length > length) throw new Error("a snapshot of another function table");
  table.grow(length - table.length);
}

/** Make a file whose bytes are fetched when something reads it: `read()` must be synchronous. */
export function lazyFile(FS, path, size, read) {
  FS.writeFile(path, new Uint8Array(0));
  const { node } = FS.lookupPath(path);
  let bytes = null;
  Object.defineProperties(node, {
    contents: { get: () => (bytes ??= read()) },
    usedBytes: { get: () => size },
  });
}
