import { requestedAuthority, type RequestContext } from "../http/request-context.js";
import { publicJwk } from "../crypto/jwt.js";
import type { AuthorityState } from "../state.js";
import { issuerOf } from "../tokens/tokens.js";

/** The key set (JWKS, RFC 7517 §5), which contains one key with its certificate. */
export async function keys(c: RequestContext, state: AuthorityState): Promise<Response> {
  const at = requestedAuthority(c, state.directory);
  const jwk = await publicJwk();
  if (at.kind === "adfs") return c.json({ keys: [{ ...jwk, alg: "RS256" }] });
  if (at.kind === "b2c" || at.kind === "openid") return c.json({ keys: [jwk] });
  return c.json({ keys: [{ ...jwk, issuer: issuerOf(state.url, at.tenant?.id ?? "{tenantid}") }] });
}
