// How the packages come to the registry: workflows, versions, the bill of materials, and a threat model whose promises have tests.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { notesOf, problemsOf, setVersion } from "../../scripts/release.mjs";
import { billOfMaterials } from "../../scripts/sbom.mjs";
import { packages, root } from "./workspace.js";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const workflows = readdirSync(join(root, ".github/workflows")).map(
  (file) => [file, read(`.github/workflows/${file}`)] as const,
);

describe.each(workflows)("the workflow %s", (file, text) => {
  test("runs actions by the hash of their commit, and says which version that is", () => {
    const actions = [...text.matchAll(/uses: (.*)/g)].map(([, action = ""]) => action);
    const own = actions.filter((action) => action.startsWith("./"));
    for (const action of actions.filter((it) => !own.includes(it)))
      expect(action).toMatch(/^[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("may read, and write only in the job that needs it", () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n(?! )/m);
    const writes = [...text.matchAll(/^ +([a-z-]+): write/gm)].map(([, scope = ""]) => scope);
    const allowed: Readonly<Record<string, readonly string[]>> = {
      "codeql.yml": ["security-events"],
      "scorecard.yml": ["security-events", "id-token"],
      "release.yml": ["contents", "id-token", "attestations"],
      "site.yml": ["pages", "id-token"],
    };
    expect(writes).toEqual(allowed[file] ?? []);
  });

  test("keeps no credential in the checkout, and puts nothing of a pull request into a shell", () => {
    const checkouts = text.match(/uses: actions\/checkout@/g) ?? [];
    expect(text.match(/persist-credentials: false/g) ?? []).toHaveLength(checkouts.length);
    const steps = [...text.matchAll(/run: (?:\|\n((?: {10,}.*\n)+)|(.*))/g)].map(([all]) => all);
    expect(steps.filter((step) => step.includes("${{"))).toEqual([]);
    expect(text).not.toContain("pull_request_target");
  });
});

test("tests run with every version of Node.js that the packages name, on three systems, and with Bun and Deno", () => {
  const ci = read(".github/workflows/ci.yml");
  expect(ci).toContain("node: [20, 22, 24, 26]");
  for (const part of ["ubuntu-latest", "macos-latest", "windows-latest", "setup-bun", "setup-deno"])
    expect(ci).toContain(part);
  expect(ci).not.toContain("continue-on-error");
});

test("a release comes from a protected tag, after the tests, with provenance and a bill of materials", () => {
  const release = read(".github/workflows/release.yml");
  expect(release).toMatch(/^on:\n {2}push:\n {4}tags: \["v\*"\]$/m);
  expect(release).toMatch(/needs: test\n/);
  expect(release).toMatch(/environment: npm\n/);
  for (const part of [
    "merge-base --is-ancestor",
    "release.mjs --check",
    "--provenance",
    "sbom.mjs",
    "attest-sbom@",
  ])
    expect(release).toContain(part);
  expect(release).not.toMatch(/NPM_TOKEN|NODE_AUTH_TOKEN/);
});

test("updates of packages and actions are proposed", () => {
  const dependabot = read(".github/dependabot.yml");
  expect(dependabot).toContain("package-ecosystem: npm");
  expect(dependabot).toContain("package-ecosystem: github-actions");
});

describe("a release", () => {
  const copies: string[] = [];
  afterEach(() => {
    for (const copy of copies.splice(0)) rmSync(copy, { recursive: true });
  });
  /** What a release changes, in a folder of its own. */
  function copied(): string {
    const copy = mkdtempSync(join(tmpdir(), "tessera-release-"));
    copies.push(copy);
    const files = packages.map(({ folder }) => join(folder, "package.json").slice(root.length));
    for (const file of ["CHANGELOG.md", "packages/core/src/version.ts", ...files]) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(join(root, file), join(copy, file));
    }
    return copy;
  }

  test("gives all packages one version, and the changelog a section", () => {
    const copy = copied();
    expect(problemsOf(copy, "9.8.7").length).toBe(packages.length + 2);
    setVersion(copy, "9.8.7", "2030-01-31");
    expect(problemsOf(copy, "9.8.7")).toEqual([]);
    expect(notesOf(copy, "9.8.7")).toMatch(/^### /);
    expect(readFileSync(join(copy, "CHANGELOG.md"), "utf8")).toContain(
      "## Unreleased\n\n## 9.8.7 (2030-01-31)\n",
    );
  });

  test.each(["1.2", "v1.2.3", "latest", ""])("of the version %j is refused", (version) => {
    expect(() => {
      setVersion(copied(), version, "2030-01-31");
    }).toThrow("is not a version");
  });

  test("of which the changelog says nothing is refused", () => {
    const copy = copied();
    setVersion(copy, "9.8.7", "2030-01-31");
    expect(() => {
      setVersion(copy, "9.8.8", "2030-01-31");
    }).toThrow('nothing under "Unreleased"');
  });
});

test("the bill of materials has every package, what it brings, and how they depend on each other", () => {
  const bill = JSON.parse(JSON.stringify(billOfMaterials())) as {
    components: { "bom-ref": string; licenses: { expression: string }[] }[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };
  const refs = bill.components.map((component) => component["bom-ref"]);
  for (const { manifest } of packages)
    expect(refs).toContain(`pkg:npm/${manifest.name.replace("@", "%40")}@${manifest.version}`);
  expect(bill.dependencies.map(({ ref }) => ref)).toEqual(refs);
  expect(
    bill.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.includes(ref)),
  ).toEqual([]);
  const node = bill.dependencies.find(({ ref }) => ref.startsWith("pkg:npm/%40tessera/node@"));
  expect(node?.dependsOn).toEqual([
    expect.stringMatching(/^pkg:npm\/%40tessera\/core@/),
    expect.stringMatching(/^pkg:npm\/undici@7/),
  ]);
  expect(bill.components.filter(({ licenses }) => licenses[0]?.expression === "UNKNOWN")).toEqual([]);
});

describe("the threat model", () => {
  const promises = read("docs/security.md").split("## Limits")[0] ?? "";
  const rows = promises.split("\n").filter((line) => line.startsWith("| ") && !/^\| (promise|-)/.test(line));

  test.each(rows.map((row) => [row.slice(2, 90).trim(), row] as const))(
    "%s … is proved by a test",
    (_, row) => {
      const tests = [...row.matchAll(/\]\(\.\.\/(test\/[^)]+\.test\.ts)\)/g)].map(([, path = ""]) => path);
      expect(tests.length).toBeGreaterThan(0);
      for (const path of tests) {
        expect(existsSync(join(root, path))).toBe(true);
        expect(/\b(it|test)(\.\w+)*[(<`]/.test(read(path))).toBe(true);
      }
    },
  );

  test("names assets, attackers, what is promised and what is not", () => {
    const text = read("SECURITY.md");
    for (const part of ["| assets", "| attacker", "docs/security.md#promises", "docs/security.md#limits"])
      expect(text).toContain(part);
    expect(rows.length).toBeGreaterThan(40);
  });
});
