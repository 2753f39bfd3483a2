import { createHash, timingSafeEqual } from "node:crypto";
import type { App } from "../config/config.js";
import { refuse } from "../errors/errors.js";

/** Parses HTTP Basic credentials (RFC 6749 §2.3.1). @throws {AadstsError} 9002313 */
export function readBasic(
  authorization: string | undefined,
): { readonly id: string; readonly secret: string } | undefined {
  const [scheme, value] = authorization?.split(" ") ?? [];
  if (scheme?.toLowerCase() !== "basic" || value === undefined) return undefined;
  const text = Buffer.from(value, "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 0) throw refuse(9002313);
  return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
}

/** Verifies a client secret. @throws {AadstsError} 7000215 */
export function checkSecret(app: App, secret: string): void {
  if (app.clientSecret === undefined || !equals(secret, app.clientSecret)) {
    throw refuse(7000215, { clientId: app.clientId });
  }
}

/** Decodes a client ID or secret, which is form-urlencoded (RFC 6749 §2.3.1). */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw refuse(9002313);
  }
}

function equals(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
