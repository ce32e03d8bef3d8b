// Runs in node: starts the prepared Pyodide, gives it folders for its path, prints what a script
// (standard input) evaluates to.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, ...path] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: folder });
path.forEach((place, index) => {
  const target = `/mounted${index}`;
  if (place.endsWith(".zip")) {
    pyodide.FS.writeFile(`${target}.zip`, readFileSync(place));
    pyodide.runPython(`import sys; sys.path.append("${target}.zip")`);
  } else {
    pyodide.FS.mkdir(target);
    pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: place }, target);
    pyodide.runPython(`import sys; sys.path.append("${target}")`);
  }
});
console.log(pyodide.runPython(readFileSync(0, "utf8")));
