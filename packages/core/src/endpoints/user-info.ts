import type { AccountInfo } from "../account.js";
import { endpointOf } from "../authority/endpoint.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError, type AuthError } from "../errors/errors.js";
import { pacedRequest } from "../exchange/paced-request.js";
import { silentNow } from "../flows/silent.js";
import type { HttpResponse } from "../http/http-client.js";
import { statusOf, withPause } from "../http/throttle.js";
import { parseAuthenticationChallenges } from "../request/claims-challenge.js";
import { checkFieldTypes } from "../request/field-types.js";
import { Parameters } from "../request/parameters.js";
import { tokenRequest, type BaseRequest } from "../request/token-request.js";
import { decryptJwt } from "../response/decrypt-jwt.js";
import type { RawClaims } from "../response/id-token.js";
import { USER_INFO } from "../response/jwt-kind.js";
import { serverError } from "../response/server-error.js";
import { verifyJwt } from "../response/verify-jwt.js";
import { atProvider, type EndpointCall, type EndpointInput } from "./at-provider.js";

/** Request for a user's claims. */
export interface UserInfoInput extends EndpointInput {
  /** A token with the scope `openid`; acquired silently for `account` by default. */
  readonly accessToken?: string;
  /** The user whose claims they must be. Without it, nothing shows whose token was passed. */
  readonly account?: AccountInfo;
  /** Type of the token that is acquired silently; a token that is passed has its own. */
  readonly authenticationScheme?: "Bearer" | "DPoP";
}

/** Claims of a user (OpenID Connect Core §5.1), and whatever else the provider returns. */
export interface UserInfo {
  readonly sub: string;
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly preferred_username?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly picture?: string;
  readonly locale?: string;
  readonly [claim: string]: unknown;
}

/**
 * Asks the provider for a user's claims (OpenID Connect Core §5.3). They are not cached.
 *
 * @throws ClientAuthError `invalid_user_info` for claims of another user, or a response that is not valid;
 * `openid_config_error` when the provider has no such endpoint; ServerError for an error response
 */
export async function userInfo(client: Client, input: UserInfoInput): Promise<UserInfo> {
  const request = tokenRequest(client, input);
  const { correlationId, given } = request;
  checkFieldTypes(given, correlationId);
  const { account } = given;
  const { scheme: authenticationScheme } = request;
  return atProvider(client, request, account, async (context) => {
    const url = endpointOf(context.authority, "userinfo_endpoint", context.call);
    const accessToken = given.accessToken || (await ownToken(context, account, authenticationScheme));
    const parameters = new Parameters().set("access_token", accessToken);
    const claims = await pacedRequest(context, "userinfo_endpoint", parameters, async () =>
      claimsIn(context, await send(context, url, accessToken)),
    );
    const subject = account && (await subjectOf(context, account));
    if (!account || claims["sub"] === subject) return claims as UserInfo;
    throw invalid(
      "its sub differs from that of the account: the access token belongs to another user",
      context,
    );
  });
}

async function ownToken(
  { client, authority, call }: EndpointCall,
  account: AccountInfo | undefined,
  authenticationScheme: BaseRequest["authenticationScheme"],
): Promise<string> {
  if (!account) {
    throw clientConfigurationError(
      "token_request_empty",
      "accessToken and account are both missing: pass the account, or an access token with the scope openid.",
      call,
    );
  }
  const { correlationId, signal, budget } = call;
  const given = { ...(signal ? { signal } : {}), ...(authenticationScheme ? { authenticationScheme } : {}) };
  const { url } = authority;
  const asked = { ...given, scopes: ["openid"], account, authority: url.href, correlationId };
  return (await silentNow(client, asked, budget)).accessToken;
}

async function send({ client, call }: EndpointCall, url: string, accessToken: string): Promise<HttpResponse> {
  const { algorithms } = client;
  const isJwt = algorithms.userinfo_signed_response_alg ?? algorithms.userinfo_encrypted_response_alg;
  const accept = isJwt ? "application/jwt" : "application/json";
  let headers = { ...(await client.dpop.authorization(accessToken, { method: "GET", url })), accept };
  let response = await client.transport.get(url, call, { headers });
  const hasNonce = client.dpop.noteNonce(url, response.headers["dpop-nonce"]);
  if (hasNonce && wantsNonce(response)) {
    headers = { ...(await client.dpop.authorization(accessToken, { method: "GET", url })), accept };
    response = await client.transport.get(url, call, { headers });
  }
  if (response.status === 200) return response;
  const error = refusal(response, call.correlationId);
  throw withPause(error, response, client.clock);
}

/** Whether the endpoint has refused a proof because of its nonce (RFC 9449 §9). */
function wantsNonce({ status, headers }: HttpResponse): boolean {
  if (status !== 401) return false;
  const challenges = parseAuthenticationChallenges(headers["www-authenticate"]);
  return challenges.some(({ parameters }) => parameters["error"] === "use_dpop_nonce");
}

/** The error of a protected resource (RFC 6750 §3.1), or that of a body which has one. */
function refusal(response: HttpResponse, correlationId: string): AuthError {
  const challenge = parseAuthenticationChallenges(response.headers["www-authenticate"])
    .map(({ parameters }) => parameters)
    .find(({ error }) => error);
  const body = parseJsonObject(response.body);
  const said = challenge ?? (typeof body?.["error"] === "string" ? body : undefined);
  const description = `The user info endpoint returned ${statusOf(response)}.`;
  const { error = "server_error", error_description: own, ...more } = said ?? {};
  return serverError(
    { ...more, error, error_description: typeof own === "string" && own ? own : description },
    response.status,
    correlationId,
  );
}

/** Returns the claims of a response in plain JSON, signed or encrypted. */
async function claimsIn(context: EndpointCall, response: HttpResponse): Promise<RawClaims> {
  const { client, authority, call } = context;
  const { userinfo_signed_response_alg: signed, userinfo_encrypted_response_alg: encrypted } =
    client.algorithms;
  const isJwt = /^application\/jwt\b/i.test(response.headers["content-type"] ?? "");
  if (!isJwt && (signed ?? encrypted) !== undefined) {
    throw invalid(
      `it is not a JWT, although the client is registered with ${signed ? "userinfo_signed_response_alg" : "userinfo_encrypted_response_alg"}`,
      context,
    );
  }
  const text = isJwt ? await decryptJwt(response.body.trim(), USER_INFO, client, call) : response.body;
  // What is only encrypted holds the claims themselves.
  const isPlain = !isJwt || (signed === undefined && text.startsWith("{"));
  if (isJwt && !isPlain) return verifyJwt(text, { kind: USER_INFO, client, authority }, call);
  const claims = parseJsonObject(text);
  if (!claims) throw invalid("it is not a JSON object", context);
  if (typeof claims["sub"] !== "string" || claims["sub"] === "") throw invalid("sub is missing", context);
  return claims;
}

/** The subject of an account: that of its ID token, which other libraries may not have made its id from. */
async function subjectOf({ client, authority }: EndpointCall, account: AccountInfo): Promise<string> {
  const { homeAccountId } = account;
  const said = account.idTokenClaims?.sub;
  if (said !== undefined) return said;
  const [known] = await client.cache.getAccounts({ homeAccountId, authority: authority.url.href });
  // Entra's ids are not subjects, so that without an ID token no answer is this user's.
  const { hasTenants } = dialectOf(authority.url);
  return known?.idTokenClaims?.sub ?? (hasTenants ? "" : homeAccountId);
}

function invalid(reason: string, { call }: EndpointCall): Error {
  return clientAuthError("invalid_user_info", `The user info response is refused: ${reason}.`, call);
}
