/** `node:crypto`, loaded when it is first needed: a program that reads a clear cache starts without. */
export function nodeCrypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
