import type { JWTPayload } from "jose";
import { randomUUID } from "node:crypto";
import type { App, Tenant } from "../config/config.js";
import { adfsAudience } from "../dialects/adfs-scopes.js";
import { multiFactorMethod } from "../dialects/adfs.js";
import { refuse } from "../errors/errors.js";
import { federationIssuer } from "../federation/audience.js";
import { readJwt, verifyOwnJwt } from "../crypto/jwt.js";
import { respondToUser } from "./token-response.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";
import { issuerOf } from "../tokens/tokens.js";
import type { Grant, TokenRequest } from "./grant.js";

/**
 * Entra's on-behalf-of flow (RFC 7523 §2.1): an API exchanges the token it was called with for a token for another API, on
 * behalf of the same user.
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

/** @throws {AadstsError} 50027, 50013, 500131, 500133, and those of `readUser` and `readAdfsUser` */
async function readAssertion(
  state: AuthorityState,
  { app, at }: TokenRequest,
  assertion: string,
): Promise<SignIn> {
  if (readJwt(assertion) === undefined) throw refuse(50027);
  const claims = await verifyOwnJwt(assertion);
  const isAdfs = at.kind === "adfs";
  const tenant = isAdfs ? at.tenant : state.config.tenants.find(({ id }) => id === claims?.["tid"]);
  // All authorities in a process share one key, so only the issuer distinguishes them.
  const issuer = isAdfs ? federationIssuer(state.url) : tenant && issuerOf(state.url, tenant.id);
  if (claims === undefined || issuer === undefined || claims.iss !== issuer) throw refuse(50013);
  // An agent is called with tokens for its blueprint.
  const api = state.directory.blueprintOf(app) ?? app;
  const own = [api.clientId, api.identifierUri, ...(isAdfs ? [adfsAudience(app.clientId)] : [])];
  if (!own.includes(String(claims.aud))) {
    throw refuse(500131, { audience: String(claims.aud), clientId: api.clientId, name: api.name });
  }
  const now = state.clock.seconds();
  const { exp = 0, nbf = 0 } = claims;
  if (now >= exp || now < nbf) {
    throw refuse(500133, { now: isoTime(now), expiry: isoTime(exp) });
  }
  return isAdfs ? readAdfsUser(state, app, claims) : readUser(state, app, claims, tenant);
}

/** @throws {AadstsError} 7000114 (an app's token), 240002 (an ID token), 50034 */
function readUser(state: AuthorityState, app: App, claims: JWTPayload, tenant: Tenant | undefined): SignIn {
  if (claims["idtyp"] === "app") throw refuse(7000114, { clientId: app.clientId });
  if (claims["idtyp"] !== "user") throw refuse(240002);
  const oid = String(claims["oid"]);
  const found = state.directory.userById(oid, tenant);
  if (found === undefined) throw refuse(50034, { username: oid, tenant: tenant?.name ?? "" });
  const methods = claims["amr"];
  return {
    ...found,
    sessionId: String(claims["sid"]),
    authTime: claims.iat ?? 0,
    multiFactor: Array.isArray(methods) && methods.includes("mfa"),
  };
}

/** @throws {AadstsError} 7000114, 50034 */
function readAdfsUser({ directory }: AuthorityState, app: App, claims: JWTPayload): SignIn {
  const username = claims["upn"];
  if (typeof username !== "string") throw refuse(7000114, { clientId: app.clientId });
  const found = directory.userByName(username);
  if (found === undefined) throw refuse(50034, { username, tenant: "AD FS" });
  return {
    ...found,
    sessionId: randomUUID(),
    authTime: claims.iat ?? 0,
    multiFactor: claims["authmethod"] === multiFactorMethod,
  };
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
