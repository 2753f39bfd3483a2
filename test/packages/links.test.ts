// Every link of the documentation leads somewhere: to a file that is there, and to a heading that it has.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { pages as sitePages, sections } from "../../scripts/pages.mjs";
import { packages, root } from "./workspace.js";

const repository = "https://github.com/tessera-auth/tessera";
const inFolder = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md") && !/node_modules|^(api|site)\b/.test(file))
    .map((file) => join(root, folder, file));

const pages = [
  ...readdirSync(root)
    .filter((file) => file.endsWith(".md"))
    .map((file) => join(root, file)),
  ...inFolder("docs"),
  ...inFolder("examples"),
  ...packages.map(({ folder }) => join(folder, "README.md")),
];

/** The text without code, in which `](` is not a link. */
const prose = (text: string): string => text.replace(/^```.*?^```/gms, "").replace(/`[^`\n]+`/g, "code");

/** The anchors of a page as GitHub makes them. */
function anchorsOf(file: string): ReadonlySet<string> {
  const text = readFileSync(file, "utf8").replace(/^```.*?^```/gms, "");
  const found = new Set<string>();
  for (const [, heading = ""] of text.matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-");
    let anchor = slug;
    for (let again = 1; found.has(anchor); again += 1) anchor = `${slug}-${String(again)}`;
    found.add(anchor);
  }
  return found;
}

function problemOf(page: string, link: string): string | undefined {
  const [target = "", anchor] = link.split("#");
  const isOwn =
    target.startsWith(`${repository}/blob/main/`) || target.startsWith(`${repository}/tree/main/`);
  if (/^[a-z]+:/.test(target) && !isOwn) return undefined;
  const path = isOwn
    ? join(root, target.slice(`${repository}/blob/main/`.length))
    : resolve(dirname(page), target);
  const file = target === "" ? page : path;
  if (!existsSync(file)) return `${link}: there is no such file`;
  if (!anchor || statSync(file).isDirectory() || !file.endsWith(".md")) return undefined;
  return anchorsOf(file).has(anchor) ? undefined : `${link}: there is no such heading`;
}

describe("every link leads somewhere", () => {
  test.each(pages.map((page) => [relative(root, page), page] as const))("in %s", (_, page) => {
    const links = [...prose(readFileSync(page, "utf8")).matchAll(/\]\(<?([^)>\s]+)>?[^)]*\)/g)];
    expect(links.flatMap(([, link = ""]) => problemOf(page, link) ?? [])).toEqual([]);
  });
});

test("the README leads to every guide, or to one that does", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const guides = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));
  const index = join(root, "docs/README.md");
  const texts = readme + (existsSync(index) ? readFileSync(index, "utf8") : "");
  expect(guides.filter((guide) => guide !== "README.md" && !texts.includes(guide))).toEqual([]);
});

test("the site's navigation has only guides that are there, and each of the four kinds of documentation", () => {
  expect(sections.flatMap(([, paths]) => paths).sort()).toEqual(
    sitePages()
      .map(({ path }) => path)
      .sort(),
  );
  const kinds = sections.map(([section]) => String(section));
  for (const kind of [/^Tutorials$/, /^How to /, /^Reference$/, /^Explanation$/])
    expect(kinds.filter((section) => kind.test(section)).length).toBeGreaterThan(0);
});
