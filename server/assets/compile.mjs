// Runs in node: byte-compiles source archives with the Python inside Pyodide, the very one that
// browsers will run. Arguments: the Pyodide folder, bytecode.py, then pairs of source and target.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

async function main([folder, script, ...paths]) {
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
  const pyodide = await loadPyodide({ indexURL: folder, env: { PYTHONNODEBUGRANGES: "1" } });
  pyodide.runPython(readFileSync(script, "utf8"));
  for (let index = 0; index < paths.length; index += 2) {
    pyodide.FS.writeFile("/source.zip", readFileSync(paths[index]));
    pyodide.runPython("compile_archive('/source.zip', '/target.zip')");
    writeFileSync(paths[index + 1], pyodide.FS.readFile("/target.zip"));
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // Only the message: the trace would quote Pyodide's script, all of it on one line.
  console.error(error.message);
  process.exit(1);
}
