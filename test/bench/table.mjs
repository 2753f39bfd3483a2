// The rows of the benchmark, and how they are printed.

/**
 * One line of the table.
 *
 * @typedef {object} Row
 * @property {string} name what was measured
 * @property {string} tessera its figure
 * @property {string} other the figure beside it
 * @property {string} against whose figure that is
 * @property {number} ratio how many times better Tessera is, or how many times the other figure it takes
 * @property {{ least: number } | { most: number }} [wanted]
 */

/** Tessera against another figure, where more is worse for both: "how many times better". */
export function faster(name, { tessera, other, against = "msal-node", show = time, wanted }) {
  return {
    name,
    tessera: show(tessera),
    other: show(other),
    against,
    ratio: other / tessera,
    ...(wanted ? { wanted } : {}),
  };
}

/** Tessera against another figure that it may not exceed by much: "how many times as much". */
export function share(name, { tessera, other, against = "msal-node", show = time, wanted }) {
  return {
    name,
    tessera: show(tessera),
    other: show(other),
    against,
    ratio: tessera / other,
    ...(wanted ? { wanted } : {}),
  };
}

/** @returns {boolean | undefined} `undefined` where nothing was wanted */
export function isMet({ ratio, wanted }) {
  if (!wanted) return undefined;
  return "least" in wanted ? ratio >= wanted.least : ratio <= wanted.most;
}

const HEAD = ["measured", "Tessera", "beside it", "", "ratio", "wanted", ""];
const TEXT_COLUMNS = [0, 3, 6];

/** @param {readonly Row[]} rows */
export function table(rows) {
  const lines = rows.map(cells);
  const widths = HEAD.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i].length)));
  const aligned = (line) =>
    line.map((cell, i) => (TEXT_COLUMNS.includes(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
  const rule = widths.map((width) => "-".repeat(width));
  return [aligned(HEAD), rule, ...lines.map(aligned)].map((line) => line.join("  ").trimEnd()).join("\n");
}

/** @param {readonly Row[]} rows */
export function markdown(rows) {
  const rule = HEAD.map((_, i) => (TEXT_COLUMNS.includes(i) ? "---" : "---:"));
  return [HEAD, rule, ...rows.map(cells)].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** @param {Row} row */
function cells(row) {
  const { name, tessera, other, against, ratio, wanted } = row;
  const bound = wanted && ("least" in wanted ? `≥ ${times(wanted.least)}` : `≤ ${times(wanted.most)}`);
  const verdict = { true: "met", false: "MISSED", undefined: "" }[String(isMet(row))];
  return [name, tessera, other, against, times(ratio), bound ?? "", verdict];
}

/** Nanoseconds, for people. */
export function time(ns) {
  if (ns < 1e3) return `${digits(ns)} ns`;
  if (ns < 1e6) return `${digits(ns / 1e3)} µs`;
  return ns < 1e9 ? `${digits(ns / 1e6)} ms` : `${digits(ns / 1e9)} s`;
}

/** Bytes, for people. */
export function bytes(count) {
  return `${digits(count / 1024)} kB`;
}

function times(ratio) {
  return `${digits(ratio)}×`;
}

/** Three significant digits. */
function digits(number) {
  if (number >= 100) return Math.round(number).toLocaleString("en-US");
  return String(Number(number.toPrecision(3)));
}
