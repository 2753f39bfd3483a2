// docs/local-authority-parity.md is what the tests say, row by row.
import { expect, it } from "@jest/globals";
import { readFileSync, writeFileSync } from "node:fs";
import { parityPage, parityRows } from "./parity-page.js";

const page = new URL("../../docs/local-authority-parity.md", import.meta.url);
const rows = parityRows();

it("the page is the one that the tests make: PARITY_PAGE=write writes it again", () => {
  if (process.env["PARITY_PAGE"] === "write") writeFileSync(page, parityPage(rows));
  expect(readFileSync(page, "utf8")).toBe(parityPage(rows));
});

it("every product is spoken of, with what is as there and what is not", () => {
  for (const product of ["entra", "adfs", "b2c", "external"] as const) {
    const marks = rows.map((row) => row.marks[product]);
    expect(marks).toContain("same");
    expect(marks).toContain("differs");
  }
});

it("no behaviour is promised twice, and no test has a name that another one has", () => {
  const behaviours = rows.map(({ area, behaviour }) => `${area}: ${behaviour}`);
  expect(behaviours.filter((each, index) => behaviours.indexOf(each) !== index)).toEqual([]);
  expect(rows.length).toBeGreaterThan(70);
});
