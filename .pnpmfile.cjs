/* eslint tessera/kebab-case-file-names: off -- pnpm looks for this name */
// pnpm lists the dependencies of a packed package.json in the order in which it has looked them up: two runs gave other bytes.
const sorted = (dependencies) => Object.fromEntries(Object.entries(dependencies).sort());

module.exports = {
  hooks: {
    beforePacking: (manifest) => {
      const groups = ["dependencies", "optionalDependencies", "peerDependencies"];
      const present = groups.filter((group) => manifest[group]);
      return { ...manifest, ...Object.fromEntries(present.map((group) => [group, sorted(manifest[group])])) };
    },
  },
};
