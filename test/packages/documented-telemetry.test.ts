// The tables of docs/observability.md are those of the code: no span, metric or attribute is missing or no longer there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { INSTRUMENTS } from "../../packages/node/src/telemetry/instruments.js";
import { FROM_MEMORY } from "../../packages/core/src/metadata.js";
import { packages, root, sources } from "./workspace.js";

const guide = readFileSync(join(root, "docs/observability.md"), "utf8");
const code = packages
  .filter(({ manifest }) => ["@tessera/core", "@tessera/node"].includes(manifest.name))
  .flatMap(sources)
  .map((file) => readFileSync(file, "utf8"))
  .join("\n");

/** The rows of the table below a heading, as cells. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const section = guide.split(`\n${heading}\n`)[1]?.split(/\n##+ /)[0] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| "));
  return lines
    .slice(1)
    .filter((line) => !line.startsWith("| -"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
const unquoted = (cell = ""): string => cell.replaceAll("`", "");
const unique = (names: Iterable<string>): readonly string[] => [...new Set(names)].sort();

test("metrics have the documented names, kinds and units", () => {
  const documented = rowsBelow("### Metrics").map(([name, kind, unit]) => [name, kind, unit].map(unquoted));
  expect(documented).toEqual(Object.values(INSTRUMENTS).map(({ name, kind, unit }) => [name, kind, unit]));
});

test("spans have the documented names", () => {
  const steps = /export type Step =([^;]+);/.exec(code)?.[1]?.match(/"\w+"/g) ?? [];
  const names = steps.map((step) => step.slice(1, -1)).filter((step) => step !== "operation");
  const documented = rowsBelow("### Spans").map(([name]) => unquoted(name));
  expect(unique(documented.filter((name) => name.startsWith("tessera.") && !name.includes("{")))).toEqual(
    unique(names.map((name) => `tessera.${name}`)),
  );
});

test("attributes are documented, and those that are documented are there", () => {
  const used = code.match(/"(tessera|http|server|error|user)\.[a-z_.]+"/g) ?? [];
  const others = ["tessera.core", "tessera.node", "user.username"];
  const metrics: readonly string[] = Object.values(INSTRUMENTS).map(({ name }) => name);
  const attributes = unique(
    used.map((name) => name.slice(1, -1)).filter((name) => ![...metrics, ...others].includes(name)),
  );
  const [spans, figures, own] = ["### Spans", "### Metrics", "### Attributes"].map(rowsBelow);
  const listed = [
    ...(spans ?? []).flatMap((cells) => cells[3]?.match(/`[^`]+`/g) ?? []),
    ...(figures ?? []).flatMap((cells) => cells[3]?.match(/`[^`]+`/g) ?? []),
    ...(own ?? []).flatMap(
      (cells) =>
        cells
          .slice(0, 2)
          .join(" ")
          .match(/`(tessera|user)\.[\w.]+`/g) ?? [],
    ),
  ].map(unquoted);
  expect(unique(listed)).toEqual(attributes);
});

test("every field of the metadata is documented", () => {
  expect(rowsBelow("## Metadata").map(([name]) => unquoted(name))).toEqual(Object.keys(FROM_MEMORY));
});
