/**
 * Signs users of websites in and guards APIs.
 *
 * @packageDocumentation
 */
export { createMemoryWebStore } from "./memory-web-store.js";
export { requestOf, sendResponse } from "./node-bridge.js";
export type { WebStore } from "./web-store.js";
