/**
 * `node:crypto`, loaded when it is first needed: its part of the time in which a program starts is larger than that of the
 * token cache.
 */
export function nodeCrypto(): typeof import("node:crypto") {
  // eslint-disable-next-line no-restricted-globals -- one module, and nothing of the environment
  return process.getBuiltinModule("node:crypto");
}
