import { refuse } from "../errors.js";
import { readJwt, verifyOwnJwt } from "../jwt.js";
import { respondToUser } from "../token-response.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";
import { issuerOf } from "../tokens.js";
import type { Grant, TokenRequest } from "./grant.js";

/**
 * RFC 7523 §2.1 as Entra's on-behalf-of flow: an API exchanges the token it was called with for one for another API,
 * in the name of the same user.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
 */
export const onBehalfOf: Grant = async (state, request) => {
  const { form, azpacr } = request;
  if (azpacr === "0") throw refuse(7000218);
  for (const parameter of ["assertion", "requested_token_use"]) {
    if (!form[parameter]) throw refuse(900144, { parameter });
  }
  if (form["requested_token_use"] !== "on_behalf_of") throw refuse(9002313);
  return respondToUser(state, request, {
    signIn: await readAssertion(state, request, form["assertion"] ?? ""),
    scope: form["scope"],
    claims: form["claims"],
    withAuthTime: false,
  });
};

/** @throws {AadstsError} 50027, 50013, 500131, 500133, 240002, 7000114 */
async function readAssertion(
  state: AuthorityState,
  { app }: TokenRequest,
  assertion: string,
): Promise<SignIn> {
  if (readJwt(assertion) === undefined) throw refuse(50027);
  const claims = await verifyOwnJwt(assertion);
  const tenant = state.config.tenants.find(({ id }) => id === claims?.["tid"]);
  // All authorities of a process share one key: the issuer tells them apart.
  if (claims === undefined || tenant === undefined || claims.iss !== issuerOf(state.url, tenant.id)) {
    throw refuse(50013);
  }
  if (claims.aud !== app.clientId && claims.aud !== app.identifierUri) {
    throw refuse(500131, { audience: String(claims.aud), clientId: app.clientId, name: app.name });
  }
  const now = state.clock.seconds();
  const { exp = 0, nbf = 0, iat = 0 } = claims;
  if (now >= exp || now < nbf) {
    throw refuse(500133, { now: isoTime(now), expiry: isoTime(exp) });
  }
  if (claims["idtyp"] === "app") throw refuse(7000114, { clientId: app.clientId });
  if (claims["idtyp"] !== "user") throw refuse(240002);
  const found = state.directory.userById(String(claims["oid"]), tenant);
  if (found === undefined) throw refuse(50034, { username: String(claims["oid"]), tenant: tenant.name });
  const methods = claims["amr"];
  return {
    ...found,
    sessionId: String(claims["sid"]),
    authTime: iat,
    multiFactor: Array.isArray(methods) && methods.includes("mfa"),
  };
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
