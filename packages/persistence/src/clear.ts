import type { Protection } from "./protection.js";

/** No protection but the permissions of the file: its content is the cache itself, as every MSAL library reads it. */
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
    // This, too, throws: there are files that are longer than a text can be.
    const text = content.toString("utf8");
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? text : undefined;
  } catch {
    return undefined;
  }
}
