/**
 * Returns `node:crypto`, loaded on first use, because loading it takes longer than the rest of a cache hit at program
 * start.
 */
export function nodeCrypto(): typeof import("node:crypto") {
  // eslint-disable-next-line no-restricted-globals -- loads a module, does not read the environment
  return (loaded ??= process.getBuiltinModule("node:crypto"));
}

let loaded: typeof import("node:crypto") | undefined;
