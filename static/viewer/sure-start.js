// Starts Python without a snapshot, where none can be restored: as Pyodide does it by itself, from
// byte code. Slower by seconds, but nothing in it depends on where a browser puts things.

import { ARCHIVE_PATH, LIBRARIES } from "./snapshot.js";

const LIBRARY_PATH = "/lib/python314.zip";
const UNPACKED = "/lib/unpacked";
// An archive cannot hold extension modules, so numpy's modules go where these can lie beside them.
const UNPACK = `
def unpack(archive, folder, package, more):
    import sys
    import zipfile
    with zipfile.ZipFile(archive) as source:
        names = [name for name in source.namelist() if name.startswith(package)]
        source.extractall(folder, names)
    sys.path.insert(0, folder)
    sys.path.append(more)
unpack`;

/**
 * Start Python with numpy and viewer_py to import. `parts` are those of runtime.js, `python` and
 * `viewer` being archives of byte code; `load`, `fetched` and `stream` bring a part as a module, as
 * bytes and as a response, `handOver` gives Pyodide what is on its way.
 */
export async function startSurely(parts, { load, fetched, stream, handOver }) {
  const names = Object.keys(LIBRARIES);
  const files = Promise.all(["viewer", ...names].map((name) => fetched(parts[name])));
  const library = fetched(parts.python).then((bytes) => new Response(bytes));
  const handBack = handOver({ [parts.wasm.url]: stream(parts.wasm), [parts.python.url]: library });
  try {
    const core = load(parts.core);
    const { loadPyodide } = await load(parts.loader);
    const indexURL = new URL(".", parts.loader.url).href;
    const starting = core.then(() => loadPyodide({ indexURL, stdLibURL: parts.python.url }));
    const [python, [viewer, ...libraries]] = await Promise.all([starting, files, library]);
    python.FS.writeFile(ARCHIVE_PATH, viewer);
    const unpack = python.runPython(UNPACK);
    unpack(LIBRARY_PATH, UNPACKED, "numpy/", ARCHIVE_PATH);
    unpack.destroy();
    names.forEach((name, index) => python.FS.writeFile(UNPACKED + LIBRARIES[name], libraries[index]));
    return python;
  } finally {
    handBack();
  }
}
