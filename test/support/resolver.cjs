const { existsSync } = require("node:fs");
const { resolve } = require("node:path");

// Jest keeps what a resolver has found, and applies a name mapper anew to every import of every test file.
/** Finds `./name.ts` where a source imports `./name.js`. */
module.exports = (name, options) => {
  if (name.startsWith(".") && name.endsWith(".js") && !options.basedir.includes("node_modules")) {
    const source = resolve(options.basedir, `${name.slice(0, -3)}.ts`);
    if (existsSync(source)) return source;
  }
  return options.defaultResolver(name, options);
};
