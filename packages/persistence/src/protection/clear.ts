import { isObject } from "../json.js";
import type { Protection } from "./protection.js";

/** No encryption: the file contains the plain cache, which every MSAL library can read. Only file permissions protect it. */
export const clearText: Protection = {
  fileName: "token-cache.json",
  async open(content) {
    const text = jsonObject(content);
    return text === undefined ? { unreadable: "corrupt" } : { text };
  },
  seal: async (text) => text,
};

function jsonObject(content: Buffer): string | undefined {
  try {
    // Also throws if the file exceeds the maximum string length.
    const text = content.toString("utf8");
    // An editor may leave a byte order mark, or a file without content; `trim` removes both.
    const value: unknown = JSON.parse(text.trim() || "{}");
    return isObject(value) ? text : undefined;
  } catch {
    return undefined;
  }
}
