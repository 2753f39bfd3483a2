import { refuse } from "../errors/errors.js";
import { verifyOwnJwt } from "../crypto/jwt.js";
import { exchangeAppId, exchangeResource } from "../config/defaults.js";
import { respondToUser } from "./token-response.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";
import { issuerOf } from "../tokens/tokens.js";
import type { Grant, TokenRequest } from "./grant.js";

/**
 * The `user_fic` grant, with which an agent acts as a user. The agent authenticates like any client; its
 * `user_federated_identity_credential` is a token that it obtained for `api://AzureADTokenExchange`.
 * https://learn.microsoft.com/entra/agent-id/agent-user-oauth-flow
 */
export const userFederatedIdentity: Grant = async (state, request) => {
  const { form, azpacr } = request;
  if (azpacr === "0") throw refuse(7000218);
  const credential = form["user_federated_identity_credential"];
  if (!credential) throw refuse(900144, { parameter: "user_federated_identity_credential" });
  await checkCredential(state, request, credential);
  return respondToUser(state, request, {
    signIn: findUser(state, request),
    scope: form["scope"],
    claims: form["claims"],
    withAuthTime: false,
  });
};

/** @throws {AadstsError} 50013, 500131, 500133 */
async function checkCredential(
  state: AuthorityState,
  { app, at }: TokenRequest,
  credential: string,
): Promise<void> {
  const claims = await verifyOwnJwt(credential);
  const tenant = at.tenant?.id ?? String(claims?.["tid"]);
  if (claims === undefined || claims.iss !== issuerOf(state.url, tenant) || claims["azp"] !== app.clientId) {
    throw refuse(50013);
  }
  if (claims.aud !== exchangeAppId) {
    throw refuse(500131, { audience: String(claims.aud), clientId: exchangeResource, name: app.name });
  }
  const { exp = 0 } = claims;
  const now = state.clock.seconds();
  const isoTime = (seconds: number) => new Date(seconds * 1000).toISOString();
  if (now >= exp) throw refuse(500133, { now: isoTime(now), expiry: isoTime(exp) });
}

/** @throws {AadstsError} 9002313 unless exactly one of `username` and `user_id` is present; 50034; 65001 */
function findUser(state: AuthorityState, { form, at, app }: TokenRequest): SignIn {
  const { username, user_id: userId } = form;
  if (Boolean(username) === Boolean(userId)) throw refuse(9002313);
  const found = username
    ? state.directory.userByName(username)
    : state.directory.userById(userId ?? "", at.tenant);
  if (found === undefined) {
    throw refuse(50034, { username: username ?? userId ?? "", tenant: at.tenant?.name ?? at.segment });
  }
  // An agent acts as its own user only. Other apps, which are not registered as agents, may act as any user.
  if (app.agentIdentityBlueprintId !== undefined && found.user.identityParentId !== app.clientId) {
    throw refuse(65001, { clientId: app.clientId, name: app.name });
  }
  return { ...found, sessionId: found.user.oid, authTime: state.clock.seconds() };
}
