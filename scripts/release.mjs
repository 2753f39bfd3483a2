// One version for all packages.
//
//   node scripts/release.mjs 1.2.0            sets the version, and moves "Unreleased" in the changelog to it
//   node scripts/release.mjs --check 1.2.0    fails unless every package and the changelog have that version
//   node scripts/release.mjs --notes 1.2.0    prints what the changelog says about it
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const VERSION = /^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/;

/** @param {string} root */
function filesOf(root) {
  const manifests = readdirSync(join(root, "packages")).map((name) =>
    join(root, "packages", name, "package.json"),
  );
  return {
    manifests,
    source: join(root, "packages/core/src/version.ts"),
    changelog: join(root, "CHANGELOG.md"),
  };
}

/**
 * Sets the version everywhere.
 *
 * @param {string} root
 * @param {string} version
 * @param {string} today as `YYYY-MM-DD`
 */
export function setVersion(root, version, today) {
  if (!VERSION.test(version)) throw new Error(`${version} is not a version, such as 1.2.0 or 1.2.0-rc.1`);
  const { manifests, source, changelog } = filesOf(root);
  const text = readFileSync(changelog, "utf8");
  const unreleased = /^## Unreleased\n([^]*?)(?=^## |$(?![^]))/m.exec(text)?.[1] ?? "";
  if (!/\S/.test(unreleased)) throw new Error('The changelog has nothing under "Unreleased"');
  for (const file of manifests)
    writeFileSync(file, readFileSync(file, "utf8").replace(/("version": ")[^"]+/, `$1${version}`));
  writeFileSync(source, readFileSync(source, "utf8").replace(/"\d+\.\d+\.\d+[^"]*"/, `"${version}"`));
  writeFileSync(changelog, text.replace("## Unreleased\n", `## Unreleased\n\n## ${version} (${today})\n`));
}

/**
 * What is wrong with a release of that version.
 *
 * @param {string} root
 * @param {string} version
 * @returns {readonly string[]}
 */
export function problemsOf(root, version) {
  const { manifests, source, changelog } = filesOf(root);
  const wrong = manifests.filter((file) => JSON.parse(readFileSync(file, "utf8")).version !== version);
  return [
    ...wrong.map((file) => `${file} has another version than ${version}`),
    ...(readFileSync(source, "utf8").includes(`"${version}"`) ? [] : [`${source} has another version`]),
    ...(notesOf(root, version) === "" ? [`${changelog} says nothing about ${version}`] : []),
  ];
}

/**
 * What the changelog says about a version.
 *
 * @param {string} root
 * @param {string} version
 */
export function notesOf(root, version) {
  const sections = readFileSync(filesOf(root).changelog, "utf8").split(/^## /m);
  const section = sections.find((text) => text.startsWith(`${version} `)) ?? "";
  return section.slice(section.indexOf("\n")).trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(fileURLToPath(new URL("..", import.meta.url)));
  const [first = "", second = ""] = process.argv.slice(2);
  if (first === "--check") {
    const problems = problemsOf(root, second);
    for (const problem of problems) console.error(problem);
    process.exitCode = problems.length > 0 ? 1 : 0;
  } else if (first === "--notes") {
    console.log(notesOf(root, second));
  } else {
    setVersion(root, first, new Date().toISOString().slice(0, 10));
    console.log(`All packages are ${first}. Read the changelog, commit, tag v${first}, and push the tag.`);
  }
}
