import { userInfoResource } from "../dialects/adfs-scopes.js";
import { federationIssuer } from "../federation/audience.js";
import type { RequestContext } from "../http/request-context.js";
import { verifyJwt } from "../crypto/jwt.js";
import { graphResource } from "../tokens/scopes.js";
import type { AuthorityState } from "../state.js";

/** OpenID Connect Core §5.3. Stands for `https://graph.microsoft.com/oidc/userinfo`, so it accepts tokens for Graph only. */
export async function userinfo(c: RequestContext, state: AuthorityState): Promise<Response> {
  const claims = await bearerClaims(c, state, graphResource);
  if (claims?.["idtyp"] !== "user") return refuseToken(c);
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

/** The user info endpoint of AD FS, which returns only the subject. */
export async function adfsUserinfo(c: RequestContext, state: AuthorityState): Promise<Response> {
  const claims = await bearerClaims(c, state, userInfoResource);
  if (claims?.sub === undefined || claims.iss !== federationIssuer(state.url)) return refuseToken(c);
  return c.json({ sub: claims.sub });
}

function bearerClaims(c: RequestContext, state: AuthorityState, audience: string) {
  const [scheme, jwt = ""] = (c.req.header("authorization") ?? "").split(" ");
  const now = new Date(state.clock.milliseconds());
  return scheme?.toLowerCase() === "bearer" ? verifyJwt(jwt, audience, now) : undefined;
}

function refuseToken(c: RequestContext): Response {
  c.header("WWW-Authenticate", 'Bearer error="invalid_token"');
  return c.json(
    { error: { code: "InvalidAuthenticationToken", message: "Access token validation failure." } },
    401,
  );
}
