// Runs Lighthouse for a phone on one address, in a browser that is running already and signed in.
// Arguments: the browser's debugging port, the address. Prints {scores, failures, figures, final}.
import lighthouse from "lighthouse";

const CATEGORIES = ["performance", "accessibility", "best-practices"];
const GOOD = 0.9; // below it Lighthouse itself marks an audit
const [port, address] = process.argv.slice(2);
const { lhr } = await lighthouse(address, {
  port: Number(port),
  output: "json",
  logLevel: "error",
  onlyCategories: CATEGORIES,
  disableStorageReset: true,
});
if (lhr.runtimeError) {
  console.error(lhr.runtimeError.message);
  process.exit(1);
}
const scores = Object.fromEntries(
  CATEGORIES.map((name) => [name, Math.round(lhr.categories[name].score * 100)]),
);
const failures = CATEGORIES.flatMap((name) =>
  lhr.categories[name].auditRefs
    .filter(({ id, weight }) => weight > 0 && (lhr.audits[id].score ?? 1) < GOOD)
    .map(({ id }) => id),
);
const number = (id) => lhr.audits[id].numericValue;
const figures = {
  lcp: number("largest-contentful-paint") / 1000,
  tbt: number("total-blocking-time"),
  cls: number("cumulative-layout-shift"),
  bytes: number("total-byte-weight") / 1000,
  speed: lhr.environment.benchmarkIndex,
};
console.log(JSON.stringify({ scores, failures, figures, final: lhr.finalDisplayedUrl }));
