import type { RequestContext } from "../http.js";
import { verifyJwt } from "../jwt.js";
import { graphResource } from "../scopes.js";
import type { AuthorityState } from "../state.js";

/** OpenID Connect Core §5.3, in the place of `https://graph.microsoft.com/oidc/userinfo`: takes tokens for Graph only. */
export async function userinfo(c: RequestContext, state: AuthorityState): Promise<Response> {
  const [scheme, jwt = ""] = (c.req.header("authorization") ?? "").split(" ");
  const now = new Date(state.clock.milliseconds());
  const claims = scheme?.toLowerCase() === "bearer" ? await verifyJwt(jwt, graphResource, now) : undefined;
  if (claims === undefined || claims["idtyp"] !== "user") {
    c.header("WWW-Authenticate", 'Bearer error="invalid_token"');
    return c.json(
      { error: { code: "InvalidAuthenticationToken", message: "Access token validation failure." } },
      401,
    );
  }
  const scopes = String(claims["scp"]).split(" ");
  const name = String(claims["name"]);
  return c.json({
    sub: claims.sub,
    ...(scopes.includes("profile")
      ? { name, given_name: name.split(" ")[0], family_name: name.split(" ").slice(1).join(" ") }
      : {}),
    ...(scopes.includes("email") ? { email: claims["email"] } : {}),
  });
}
