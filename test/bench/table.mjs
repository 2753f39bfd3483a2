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
  return { name, tessera: show(tessera), other: show(other), against, ratio: other / tessera, ...(wanted ? { wanted } : {}) };
}

/** Tessera against another figure that it may not exceed by much: "how many times as much". */
export function share(name, { tessera, other, against = "msal-node", show = time, wanted }) {
  return { name, tessera: show(tessera), other: show(other), against, ratio: tessera / other, ...(wanted ? { wanted } : {}) };
}

/** @returns {boolean | undefined} `undefined` where nothing was wanted */
export function isMet({ ratio, wanted }) {
  if (!wanted) return undefined;
  return "least" in wanted ? ratio >= wanted.least : ratio <= wanted.most;
}

/** @param {readonly Row[]} rows */
export function table(rows) {
  const cells = rows.map((row) => [
    row.name,
    row.tessera,
    row.other,
    row.against,
    times(row.ratio),
    row.wanted ? ("least" in row.wanted ? `≥ ${times(row.wanted.least)}` : `≤ ${times(row.wanted.most)}`) : "",
    { true: "met", false: "MISSED", undefined: "" }[String(isMet(row))],
  ]);
  const head = ["measured", "Tessera", "beside it", "", "ratio", "wanted", ""];
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i].length)));
  const line = (row) => row.map((cell, i) => ([0, 3, 6].includes(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...cells.map(line)].map((text) => text.trimEnd()).join("\n");
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
