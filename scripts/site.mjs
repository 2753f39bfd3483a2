// Builds the documentation as a site in `site`: the guides, and the reference that is generated from docstrings.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { Application } from "typedoc";
import { llmsFiles } from "./llms.mjs";
import { pages, repository, root, sections } from "./pages.mjs";

const prepared = join(root, "node_modules/.site");

/**
 * A page as TypeDoc takes it: title and group in front, and links to what is not part of the site go to the repository.
 *
 * @param {import("./pages.mjs").Page} page
 * @param {ReadonlySet<string>} known the paths of all pages
 */
function prepare({ section, path, title, text }, known) {
  const body = text.slice(text.indexOf("\n", text.indexOf("# ")) + 1);
  const linked = body.replace(/\]\((?![a-z]+:|#)([^)\s]+)\)/g, (whole, /** @type {string} */ link) => {
    const [target = "", anchor] = link.split("#");
    const at = posix.normalize(posix.join("docs", posix.dirname(path), target));
    const isPage = at.startsWith("docs/") && known.has(at.slice("docs/".length).replace(/\.md$/, ""));
    if (isPage || /\.(svg|png)$/.test(at)) return whole;
    return `](${repository}/blob/main/${at}${anchor ? `#${anchor}` : ""})`;
  });
  // TypeDoc leaves code out of the anchors of headings; GitHub, whose anchors the links have, does not.
  const anchored = linked.replace(/^#{2,4} (.*`.*)$/gm, (whole, /** @type {string} */ heading) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-");
    return `<a id="${slug}"></a>\n\n${whole}`;
  });
  const file = join(prepared, "docs", `${path}.md`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `---\ntitle: ${JSON.stringify(title)}\ngroup: ${JSON.stringify(section)}\n---\n${anchored}`,
  );
  return file;
}

/** The table of figures of the README, with its source. */
function figures() {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const table = /^\| +\| `@azure\/msal-node`.*(?:\n\|.*)+/m.exec(readme)?.[0] ?? "";
  return `${table.replace(/\]\(docs\//g, "](docs/")}\n\nAll figures come from one run on the same cache: [performance](docs/performance.md).\n`;
}

rmSync(prepared, { recursive: true, force: true });
const all = pages();
const known = new Set(all.map(({ path }) => path));
const documents = all.map((page) => prepare(page, known));
cpSync(join(root, "docs"), join(prepared, "docs"), {
  recursive: true,
  filter: (path) => !/\.\w+$/.test(path) || /\.(svg|png)$/.test(path),
});
const landing = readFileSync(join(root, "scripts/site/landing.md"), "utf8");
writeFileSync(join(prepared, "landing.md"), landing.replace("<!-- figures -->", figures()));

const app = await Application.bootstrapWithPlugins({
  name: "Tessera",
  entryPointStrategy: "packages",
  entryPoints: [join(root, "packages/*")],
  packageOptions: { entryPoints: ["src/index.ts"], skipErrorChecking: true, disableSources: true },
  out: join(root, "site"),
  readme: join(prepared, "landing.md"),
  projectDocuments: documents,
  groupOrder: [...sections.map(([section]) => /** @type {string} */ (section)), "*"],
  sort: ["source-order"],
  navigation: { includeGroups: true, excludeReferences: true },
  searchInDocuments: true,
  customCss: join(root, "scripts/site/site.css"),
  favicon: join(root, "scripts/site/favicon.svg"),
  navigationLinks: { GitHub: repository },
  headings: { readme: true, document: true },
  githubPages: true,
  validation: { notExported: false, invalidLink: false, rewrittenLink: false },
  logLevel: "Error",
});
const project = await app.convert();
if (!project) throw new Error("The reference cannot be generated");
await app.generateOutputs(project);
if (app.logger.hasErrors()) process.exitCode = 1;
for (const [file, text] of Object.entries(llmsFiles())) writeFileSync(join(root, "site", file), text);
