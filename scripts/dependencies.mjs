// What a package brings when it is installed: the packages of other people, with their licenses.
// The build writes the notices from it, a test checks the licenses, and a release lists it as a bill of materials.
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * @typedef {object} Dependency
 * @property {string} name
 * @property {string} version
 * @property {string} license the SPDX expression of its package.json
 * @property {string} text its license file
 * @property {string} folder
 * @property {readonly string[]} needs the folders of its own dependencies
 */

/**
 * All packages that an installation of the package in `folder` brings, this workspace's own among them, sorted by name.
 *
 * @param {string} folder
 * @returns {readonly Dependency[]}
 */
export function installedWith(folder) {
  /** @type {Map<string, Dependency>} */
  const found = new Map();
  const visit = (/** @type {string} */ from) => {
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(from);
    const needs = Object.keys({ ...dependencies, ...optionalDependencies })
      .map((name) => folderOf(name, from, name in optionalDependencies))
      .filter((needed) => needed !== undefined);
    for (const needed of needs) {
      if (found.has(needed)) continue;
      const { name, version, license = "UNKNOWN" } = manifestOf(needed);
      const entry = { name, version, license, text: licenseText(needed), folder: needed };
      found.set(needed, { ...entry, needs: [] });
      found.set(needed, { ...entry, needs: visit(needed) });
    }
    return needs;
  };
  visit(folder);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param {Dependency} dependency */
export const isOwn = ({ name }) => name.startsWith("@tessera/");

/**
 * The notices that a package carries.
 *
 * @param {string} folder
 * @param {readonly string[]} contained the packages whose code is in the build itself
 */
export function noticesOf(folder, contained) {
  const { name } = manifestOf(folder);
  const others = installedWith(folder).filter((dependency) => !isOwn(dependency));
  const inside = contained.length > 0 ? `The build contains code of ${contained.join(", ")}. ` : "";
  const installs =
    others.length > 0
      ? "The packages below are installed with it; each is under its own license."
      : "No package of other authors is installed with it.";
  const sections = others.map(
    ({ name, version, license, text }) =>
      `## ${name} ${version} (${license})\n\n\`\`\`text\n${text}\n\`\`\`\n`,
  );
  return [`# Third-party notices of ${name}\n\n${inside}${installs}\n`, ...sections].join("\n");
}

/**
 * @param {string} folder
 * @returns {Record<string, any>}
 */
export const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/**
 * @param {string} name
 * @param {string} from
 * @param {boolean} isOptional
 * @returns {string | undefined}
 */
function folderOf(name, from, isOptional) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
    if (folder === dirname(folder)) break;
  }
  if (isOptional) return undefined;
  throw new Error(`${name}, which ${from} depends on, is not installed: run npm run ready`);
}

/** @param {string} folder */
function licenseText(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e(\.(md|txt))?$/i.test(name));
  return file ? readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim() : "";
}
