import { createHash, timingSafeEqual } from "node:crypto";
import type { App } from "./config.js";
import type { Directory, TenantScope } from "./directory.js";
import { refuse } from "./errors.js";
import type { Parameters } from "./parameters.js";

/** The client of a token request, and how it proved itself (the `azpacr` claim). */
export interface AuthenticatedClient {
  readonly app: App;
  readonly azpacr: "0" | "1" | "2";
}

/**
 * Client authentication of RFC 6749 §2.3.1: `client_secret` in the body, or HTTP Basic.
 *
 * @throws {AadstsError} 900144, 700016, 50194, 7000218, 7000215, 700025
 */
export function authenticateClient(
  form: Parameters,
  authorization: string | undefined,
  scope: TenantScope,
  directory: Directory,
): AuthenticatedClient {
  const basic = readBasic(authorization);
  const app = directory.findApp(form["client_id"] ?? basic?.id, scope);
  const secret = form["client_secret"] ?? basic?.secret;
  if (app.clientSecret === undefined) {
    if (secret !== undefined) throw refuse(700025);
    return { app, azpacr: "0" };
  }
  if (!secret) throw refuse(7000218);
  if (!equals(secret, app.clientSecret)) throw refuse(7000215, { clientId: app.clientId });
  return { app, azpacr: "1" };
}

function readBasic(
  authorization: string | undefined,
): { readonly id: string; readonly secret: string } | undefined {
  const [scheme, value] = authorization?.split(" ") ?? [];
  if (scheme?.toLowerCase() !== "basic" || value === undefined) return undefined;
  const text = Buffer.from(value, "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 0) throw refuse(9002313);
  return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
}

/** Both halves are form-url-encoded before they are joined (RFC 6749 §2.3.1). */
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
