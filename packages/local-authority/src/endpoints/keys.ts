import type { RequestContext } from "../http.js";
import { publicJwk } from "../jwt.js";
import type { AuthorityState } from "../state.js";
import { issuerOf } from "../tokens.js";

/** The JWKS (RFC 7517 §5). */
export async function keys(c: RequestContext, state: AuthorityState): Promise<Response> {
  const at = state.directory.findTenant(c.req.param("tenant") ?? "");
  const issuer = issuerOf(state.url, at.tenant?.id ?? "{tenantid}");
  return c.json({ keys: [{ ...(await publicJwk()), issuer }] });
}
