/** Returns `node:crypto`, loaded on first use, since a program that reads an unencrypted cache does not need it. */
export function nodeCrypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
