// What is sent to the registry: the same bytes each time, within a size, under known licenses, and an npm page that leads on.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { installedWith, isOwn, noticesOf } from "../../scripts/dependencies.mjs";
import { packAll, packedOnce } from "./pack.js";
import { assertBuilt, packages, root } from "./workspace.js";

const folder = mkdtempSync(join(tmpdir(), "tessera-tarballs-"));
const repository = "https://github.com/tessera-auth/tessera";

/** The tarballs of two runs, by the name of the file. */
let first: ReadonlyMap<string, Buffer>;
let second: ReadonlyMap<string, Buffer>;

beforeAll(() => {
  assertBuilt();
  const read = (tarballs: readonly string[]): ReadonlyMap<string, Buffer> =>
    new Map(tarballs.map((file) => [basename(file), readFileSync(file)]));
  first = read(packedOnce());
  // A checkout on another day: other times, the same content.
  for (const pkg of packages)
    for (const file of readdirSync(join(pkg.folder, "dist")))
      utimesSync(join(pkg.folder, "dist", file), new Date(), new Date());
  second = read(packAll(folder));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Kilobytes that a package may have: as a tarball, and as code without source maps and types. */
const budgets = JSON.parse(readFileSync(join(root, "test/packages/sizes.json"), "utf8")) as Readonly<
  Record<string, { readonly packed: number; readonly code: number }>
>;

/** Licenses that ask for nothing but their text, which the notices have. */
const permissive = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "BlueOak-1.0.0", "0BSD"];

describe.each(packages.map((pkg) => [pkg.manifest.name, pkg] as const))("%s", (name, pkg) => {
  const tarball = (of: ReadonlyMap<string, Buffer>): Buffer =>
    of.get(`${name.replace("@", "").replace("/", "-")}-${pkg.manifest.version}.tgz`) ?? Buffer.alloc(0);

  test("is the same when it is packed twice", () => {
    expect(tarball(first).length).toBeGreaterThan(1000);
    expect(gunzipSync(tarball(first)).equals(gunzipSync(tarball(second)))).toBe(true);
    expect(tarball(first).equals(tarball(second))).toBe(true);
  });

  test("stays within its size", () => {
    const budget = budgets[name];
    const code = readFileSync(join(pkg.folder, "dist/index.js")).length;
    const entry = name === "@tessera/core" ? "internal.js" : "run-command-line.js";
    const more = existsSync(join(pkg.folder, "dist", entry))
      ? readFileSync(join(pkg.folder, "dist", entry)).length
      : 0;
    expect(budget).toBeDefined();
    expect(tarball(first).length / 1000).toBeLessThan(budget?.packed ?? 0);
    expect((code + more) / 1000).toBeLessThan(budget?.code ?? 0);
  });

  test("has an npm page that leads to its source, its guides and its issues", () => {
    const directory = `packages/${basename(pkg.folder)}`;
    expect(pkg.manifest).toMatchObject({
      homepage: `${repository}/tree/main/${directory}#readme`,
      bugs: `${repository}/issues`,
      repository: { type: "git", url: `git+${repository}.git`, directory },
    });
    const readme = readFileSync(join(pkg.folder, "README.md"), "utf8");
    const pages = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, url = ""]) => url);
    for (const page of ["CHANGELOG.md", "docs/support.md", "SECURITY.md"])
      expect(pages).toContain(`${repository}/blob/main/${page}`);
    expect(pages).toContainEqual(expect.stringMatching(/\/blob\/main\/docs\/(?!support)/));
    // On npm, a relative link leads nowhere.
    expect(pages.filter((page) => !page.startsWith("https://"))).toEqual([]);
  });

  test("installs packages under permissive licenses only, and carries their texts", () => {
    const others = installedWith(pkg.folder).filter((dependency) => !isOwn(dependency));
    expect(others.filter(({ license }) => !permissive.includes(license))).toEqual([]);
    const notices = readFileSync(join(pkg.folder, "dist/THIRD-PARTY-NOTICES.md"), "utf8");
    for (const { name: other, version, text } of others) {
      expect(notices).toContain(`## ${other} ${version} (`);
      expect(notices).toContain(text);
    }
    const contained = /contains code of (.*)\. /.exec(notices)?.[1]?.split(", ") ?? [];
    expect(notices).toBe(noticesOf(pkg.folder, contained));
    if (name === "@tessera/core") expect(contained).toEqual(["jose"]);
  });
});

test("the repository is the one that the root names", () => {
  const { repository: own } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    repository: { url: string };
  };
  expect(own.url).toBe(`git+${repository}.git`);
});

test("the public types are those of the API reports: run npm run api after a change, and read the difference", async () => {
  const { apiReports, reportPath } = await import("../../scripts/api-report.mjs");
  const reports = apiReports();
  expect(reports.size).toBe(packages.length);
  for (const [pkg, report] of reports) {
    const path = reportPath(pkg);
    expect(existsSync(path) ? readFileSync(path, "utf8") : "").toBe(report);
  }
});
