/** A token that consists of readable parts. */
export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>;
  /** Absent for an encrypted token. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Takes a token apart. Returns `undefined` for one that only its issuer can read. */
export function decodedToken(token: string): DecodedToken | undefined {
  const parts = token.split(".");
  const header = objectIn(parts[0]);
  if (!header) return undefined;
  if (parts.length === 5) return { header };
  const claims = parts.length === 3 ? objectIn(parts[1]) : undefined;
  return claims && { header, claims };
}

/** Returns the token in a text: what is pasted from a header, an environment variable or a JSON response has more around it. */
export function tokenIn(text: string): string {
  const plain = text.trim();
  try {
    const document: unknown = JSON.parse(plain);
    if (typeof document === "object" && document !== null)
      for (const name of ["accessToken", "access_token", "id_token", "token"]) {
        const value: unknown = Reflect.get(document, name);
        if (typeof value === "string") return value;
      }
  } catch {
    // Not JSON.
  }
  return plain.replace(/^authorization:\s*/i, "").replace(/^(bearer|dpop)\s+/i, "");
}

function objectIn(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
