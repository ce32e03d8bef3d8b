// The words on the pictures in the reader's language: Python writes them in Chinese, the page
// brings a table (portal/study/picture_words.py). What stands in no table stays as it is.

const NUMBER = /\d+(?:\.\d+)?/g;
let table = new Map();

export function useWords(words) {
  table = new Map(Object.entries(words ?? {}));
}

export function worded(line) {
  if (!table.size || !line) return line;
  return lookedUp(line) ?? line.split(/(\s+)/).map((part) => lookedUp(part) ?? part).join("");
}

function lookedUp(text) {
  const found = table.get(text.replace(NUMBER, "#"));
  if (found === undefined) return undefined;
  const numbers = text.match(NUMBER) ?? [];
  return found.replace(/#/g, () => numbers.shift() ?? "");
}
