import type { Protection } from "./protection.js";

/** No protection but the permissions of the file: its content is the cache itself, as every MSAL library reads it. */
export const clearText: Protection = {
  fileName: "token-cache.json",
  async open(content) {
    const text = content.toString("utf8");
    return isJsonObject(text) ? { text } : { unreadable: "corrupt" };
  },
  seal: async (text) => text,
};

function isJsonObject(content: string): boolean {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
