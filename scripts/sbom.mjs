// The bill of materials of a release, as CycloneDX 1.6: every package of the workspace, and what an installation brings.
//
//   node scripts/sbom.mjs > sbom.cdx.json
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installedWith, manifestOf } from "./dependencies.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * @param {string} name
 * @param {string} version
 */
const purl = (name, version) => `pkg:npm/${name.replace("@", "%40")}@${version}`;

/** @param {{ name: string, version: string, license?: string }} manifest */
const component = ({ name, version, license = "UNKNOWN" }) => ({
  type: "library",
  "bom-ref": purl(name, version),
  name,
  version,
  purl: purl(name, version),
  licenses: [{ expression: license }],
});

/** The document, without a time or a random serial number: two runs give the same bytes. */
export function billOfMaterials() {
  const folders = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));
  /** @type {Map<string, { component: object, needs: readonly string[] }>} */
  const found = new Map();
  const refOf = (/** @type {string} */ folder) => {
    const { name, version } = manifestOf(folder);
    return purl(name, version);
  };
  for (const folder of folders) {
    const installed = installedWith(folder);
    for (const dependency of installed)
      found.set(refOf(dependency.folder), {
        component: component(dependency),
        needs: dependency.needs.map(refOf),
      });
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(folder);
    const direct = Object.keys({ ...dependencies, ...optionalDependencies });
    const needs = installed
      .filter(({ name }) => direct.includes(name) || (name === "@github/keytar" && direct.includes("keytar")))
      .map((dependency) => refOf(dependency.folder));
    found.set(refOf(folder), { component: component(/** @type {any} */ (manifestOf(folder))), needs });
  }
  const { version } = manifestOf(folders[0] ?? root);
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "application", "bom-ref": "tessera", name: "tessera", version } },
    components: sorted.map(([, entry]) => entry.component),
    dependencies: sorted.map(([ref, { needs }]) => ({ ref, dependsOn: [...needs].sort() })),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(billOfMaterials(), null, 2));
}
