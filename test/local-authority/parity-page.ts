import { readFileSync, readdirSync } from "node:fs";
import ts from "typescript";

const folder = new URL("./", import.meta.url);

/** The products, in the order of the columns. */
const products = { entra: "Entra", adfs: "AD FS", b2c: "B2C", external: "External ID" } as const;
type Product = keyof typeof products;

/** What a comment `// parity: area | behaviour | product same, product differs` above a test says. */
export interface ParityRow {
  readonly area: string;
  readonly behaviour: string;
  readonly marks: Readonly<Partial<Record<Product, "same" | "differs">>>;
  readonly file: string;
  /** With those of its groups. */
  readonly test: string;
}

/** Every row, in the order of the files. @throws {Error} for a comment that is not above a test, or is not understood */
export function parityRows(): readonly ParityRow[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".test.ts"))
    .sort()
    .flatMap(rowsOf);
}

function rowsOf(file: string): readonly ParityRow[] {
  const text = readFileSync(new URL(file, folder), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const rows: ParityRow[] = [];
  const visit = (node: ts.Node, groups: readonly string[]): void => {
    const name = ts.isExpressionStatement(node) ? testName(node.expression) : undefined;
    const comments = name === undefined ? [] : (ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []);
    for (const { pos, end } of comments) {
      const said = /^\/\/ parity: (.*)$/.exec(text.slice(pos, end))?.[1];
      if (said !== undefined)
        rows.push({ ...readRow(said, file), file, test: [...groups, name].join(" › ") });
    }
    ts.forEachChild(node, (child) => visit(child, name === undefined ? groups : [...groups, name]));
  };
  visit(source, []);
  const written = text.match(/^ *\/\/ parity: /gm)?.length ?? 0;
  if (written !== rows.length)
    throw new Error(`${file}: ${written - rows.length} rows are not above a test.`);
  return rows;
}

/** The title of `it("…")`, `describe("…")`, `it.each(…)("…")`; `undefined` for any other call. */
function testName(expression: ts.Expression): string | undefined {
  if (!ts.isCallExpression(expression)) return undefined;
  const [title] = expression.arguments;
  const callee = expression.expression.getText();
  const isTest = /^(it|test|describe)(\.each)?\b/.test(callee);
  return isTest && title !== undefined && ts.isStringLiteralLike(title) ? title.text : undefined;
}

function readRow(said: string, file: string): Pick<ParityRow, "area" | "behaviour" | "marks"> {
  const [area = "", behaviour = "", list = "", ...rest] = said.split(" | ");
  const marks = list.split(", ").map((mark) => /^(entra|adfs|b2c|external) (same|differs)$/.exec(mark));
  if (rest.length > 0 || marks.some((mark) => mark === null)) throw new Error(`${file}: what is "${said}"?`);
  return { area, behaviour, marks: Object.fromEntries(marks.map((mark) => [mark?.[1], mark?.[2]])) };
}

const introduction = `# What the local authority does as the real ones do

This page is generated from the tests of the [local authority](local-authority.md): every row is one of them. “as there” means that the local authority behaves as the product does, “not as there” that it does not: the row says what the product does, or what happens here instead. An empty cell is not a promise.

External ID has the endpoints of Entra: a row of Entra's that is not marked for it has been seen at the tenant's own address only.

To run a test: \`npm run jest -- -i test/local-authority/FILE -t "NAME"\`. To write this page again after a change of the tests: \`PARITY_PAGE=write npm run jest -- -i test/local-authority/parity\`.
`;

/** The page, as Prettier formats it. */
export function parityPage(rows: readonly ParityRow[]): string {
  const areas = [...new Set(rows.map(({ area }) => area))].sort();
  const parts = areas.map((area) => `## ${area}\n\n${table(rows.filter((row) => row.area === area))}`);
  return [introduction, ...parts].join("\n");
}

function table(rows: readonly ParityRow[]): string {
  const words = { same: "as there", differs: "not as there" } as const;
  const names = Object.keys(products) as Product[];
  const cells = [
    ["behavior", ...Object.values(products), "test"],
    ...rows.map(({ behaviour, marks, file, test }) => [
      behaviour,
      ...names.map((name) => (marks[name] === undefined ? "" : words[marks[name]])),
      `\`${file.replace(".test.ts", "")}\`: ${test.replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("_", "\\_")}`,
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = cells;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line), ""].join("\n");
}
