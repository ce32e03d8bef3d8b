// Runs in node: brings Python back from the built snapshots as the browser does, and prints what a
// script (standard input) evaluates to. Argument: JSON {pyodide, module, multiarray, linalg, python,
// viewer, library, archive}, all paths of files but the first, a folder.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const paths = JSON.parse(process.argv[2]);
const load = (path) => import(pathToFileURL(path).href);
const bytes = (path) => new Uint8Array(readFileSync(path));
const { ARCHIVE_PATH, lazyFile, moduleMaker, readSnapshot } = await load(paths.module);
const { loadPyodide } = await load(`${paths.pyodide}/pyodide.mjs`);
const { default: factory } = await load(`${paths.pyodide}/pyodide.asm.mjs`);
const [python, viewer] = [paths.python, paths.viewer].map((path) => readSnapshot(bytes(path)));
const read = [];
const pyodide = await loadPyodide({
  indexURL: paths.pyodide,
  lockFileContents: viewer.lock,
  _loadSnapshot: viewer.state,
  createPyodideModule: moduleMaker(factory, {
    libraries: {
      multiarray: new WebAssembly.Module(bytes(paths.multiarray)),
      linalg: new WebAssembly.Module(bytes(paths.linalg)),
    },
    snapshots: [python, viewer],
    onMemory({ FS }) {
      for (const [place, path] of [["/lib/python314.zip", paths.library], [ARCHIVE_PATH, paths.archive]]) {
        lazyFile(FS, place, readFileSync(path).length, () => {
          read.push(place);
          return bytes(path);
        });
      }
    },
  }),
});
pyodide.globals.set("read", () => JSON.stringify(read));
try {
  console.log(pyodide.runPython(readFileSync(0, "utf8")));
} catch (error) {
  console.error(error.message); // the trace would quote Pyodide's script, all of it on one line
  process.exitCode = 1;
}
