import { parsedObject, type JsonObject } from "../json.js";

/** A token that consists of readable parts. */
export interface DecodedToken {
  readonly header: JsonObject;
  /** Absent for an encrypted token. */
  readonly claims?: JsonObject;
}

/** Takes a token apart. Returns `undefined` for one that only its issuer can read. */
export function decodedToken(token: string): DecodedToken | undefined {
  const parts = token.split(".");
  const header = partOf(parts[0]);
  if (!header) return undefined;
  if (parts.length === 5) return { header };
  const claims = parts.length === 3 ? partOf(parts[1]) : undefined;
  return claims && { header, claims };
}

/** Returns the token in a text: what is pasted from a header, an environment variable or a JSON response has more around it. */
export function tokenIn(text: string): string {
  const plain = text.trim();
  const document = parsedObject(plain) ?? {};
  for (const name of ["accessToken", "access_token", "id_token", "token"]) {
    const value = document[name];
    if (typeof value === "string") return value;
  }
  return plain.replace(/^authorization:\s*/i, "").replace(/^(bearer|dpop)\s+/i, "");
}

function partOf(part = ""): JsonObject | undefined {
  return parsedObject(Buffer.from(part, "base64url").toString("utf8"));
}
