import type { AccountInfo } from "../account.js";
import type { Authority } from "../authority/authority.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { requireKnownTypes } from "../request/authorization-details.js";
import { boundedCall } from "../exchange/accounted.js";
import { userScopes } from "../exchange/user-scopes.js";
import { mergeClaims } from "../request/claims.js";
import { checkFieldTypes } from "../request/field-types.js";
import { Parameters } from "../request/parameters.js";
import { resourcesIn } from "../request/resource.js";
import { checkedRedirectUri } from "../request/redirect-uri.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import { isExpectedAt } from "./account-authority.js";
import { prepareUrl, type PreparedUrl } from "./authorization-request.js";
import { checkedResponse, type ExpectedResponse, type ResponseType } from "./expected-response.js";
import { instanceAware, requireInstance } from "./instance-aware.js";
import { requirePkceSupport } from "./pkce-support.js";

/** Request for the URL that starts a sign-in. */
export interface AuthorizationInput extends BaseRequest {
  /** Where the code is sent: exactly one of the registered redirect URIs. */
  readonly redirectUri: string;
  /**
   * How the response is sent: `query` (default), `fragment` or `form_post` (default with an ID token). With `jwt`,
   * `query.jwt`, `fragment.jwt` or `form_post.jwt` it is a signed JWT (JARM).
   */
  readonly responseMode?: string;
  /**
   * `code` (default), or `code id_token` for the hybrid flow, which also returns an ID token (OpenID Connect Core §3.3), or
   * `id_token` for a sign-in without an access token (§3.2).
   */
  readonly responseType?: ResponseType;
  /** Scopes of other resources that the user should also consent to. */
  readonly extraScopesToConsent?: readonly string[];
  /** PKCE challenge, from `generatePkceCodes`. */
  readonly codeChallenge?: string;
  /** `S256`. */
  readonly codeChallengeMethod?: string;
  /** Random string that is returned with the code. Keep it, and compare it with the response (RFC 6749 §10.12). */
  readonly state?: string;
  /** Random string that is returned in the ID token. Pass it when redeeming the code. */
  readonly nonce?: string;
  /** `login`, `select_account`, `consent`, `none` or `create`. */
  readonly prompt?: string;
  /** User name to prefill. */
  readonly loginHint?: string;
  /** Domain of the user's tenant, to skip home realm discovery. */
  readonly domainHint?: string;
  /** Session to continue, with `prompt: "none"`. */
  readonly sid?: string;
  /** The user expected to sign in. */
  readonly account?: AccountInfo;
}

const CHALLENGE_METHODS: ReadonlySet<string> = new Set(["S256", "plain"]);

/**
 * Returns the URL that starts a sign-in (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, PKCE RFC 7636 §4.3). If the
 * provider or the client requires it, the request is signed (RFC 9101) and pushed to the provider (RFC 9126).
 *
 * @throws ClientConfigurationError naming the field; ClientAuthError `endpoints_resolution_error`; for a pushed request
 * ServerError, and ClientAuthError `openid_config_error`, `invalid_pushed_authorization_response`
 * @example
 * ```ts
 * const { verifier, challenge } = generatePkceCodes();
 * const url = await authorizationUrl(client, {
 *   scopes: ["User.Read"],
 *   redirectUri: "http://localhost:3000/callback",
 *   state: "a random value, kept in the session",
 *   codeChallenge: challenge,
 *   codeChallengeMethod: "S256",
 * });
 * ```
 */
export async function authorizationUrl(client: Client, input: AuthorizationInput): Promise<string> {
  return (await preparedAuthorization(client, input)).url;
}

/**
 * Does the same as {@link authorizationUrl}, and says when the URL expires, if it does.
 *
 * @param bind returns the thumbprint of the key that the code is to be bound to (RFC 9449 §10)
 */
export async function preparedAuthorization(
  client: Client,
  input: AuthorizationInput,
  bind?: (authority: Authority, call: Call) => Promise<string>,
): Promise<PreparedUrl> {
  const request = tokenRequest(client, input);
  const { correlationId, given } = request;
  checkFieldTypes(given, correlationId);
  const redirectUri = checkedRedirectUri(given.redirectUri, correlationId);
  const { responseType, responseMode } = checkedResponse(given, correlationId);
  checkChallenge(given, correlationId);
  requireInstance(client, request);
  return boundedCall(client, request, async (call) => {
    const authority = await client.authorities.resolve(client.authorities.url(request.authorityUrl), call);
    requirePkceSupport({ client, authority, call }, given.codeChallengeMethod);
    requireKnownTypes(request.authorizationDetails, authority.metadata, call);
    const response = { redirectUri, responseType, responseMode };
    const parameters = await parametersOf(client, { authority, request, response });
    parameters.set("dpop_jkt", await bind?.(authority, call));
    return prepareUrl({ client, authority, call }, parameters);
  });
}

async function parametersOf(
  client: Client,
  {
    authority,
    request,
    response,
  }: {
    readonly authority: Authority;
    readonly request: TokenRequest<AuthorizationInput>;
    readonly response: ExpectedResponse;
  },
): Promise<Parameters> {
  const { correlationId, given } = request;
  const { redirectUri, responseType, responseMode } = response;
  const { url } = authority;
  const dialect = dialectOf(url);
  const asked = [...request.scopes, ...(given.extraScopesToConsent ?? [])];
  const all = userScopes({ client, authority, request }, asked);
  // Without a code there is no refresh token (OpenID Connect Core §11).
  const scopes = responseType === "id_token" ? all.filter((scope) => scope !== "offline_access") : all;
  const claims = mergeClaims({
    claims: request.claims,
    capabilities: client.capabilities,
    idTokenDefaults: dialect.idTokenClaims,
  });
  const { account } = given;
  // An account of another provider must not be disclosed to this one.
  const isExpected = account !== undefined && (await isExpectedAt(client, request, account));
  const hints = hintsOf(isExpected ? given : { ...given, account: undefined }, (user) =>
    dialect.anchorMailbox(user),
  );
  return new Parameters()
    .set("client_id", client.clientId)
    .set("scope", scopes.join(" "))
    .setEach("resource", resourcesIn(request.resource))
    .set("authorization_details", request.authorizationDetails)
    .set("redirect_uri", redirectUri)
    .set("response_mode", responseMode)
    .set("prompt", given.prompt)
    .set("domain_hint", given.domainHint)
    .setAll(hints)
    .set("nonce", given.nonce)
    .set("state", given.state)
    .set("claims", claims)
    .setAll(dialect.authorizationParameters({ library: client.library, correlationId }))
    .set("response_type", responseType)
    .set("code_challenge", given.codeChallenge)
    .set("code_challenge_method", given.codeChallengeMethod)
    .set("instance_aware", instanceAware(client, url, request))
    .addMissing(request.extraQueryParameters)
    .addMissing(dialect.sendsExtraParameters ? request.extraParameters : undefined)
    .addMissing(client.extraAuthorizationParameters);
}

function checkChallenge(
  { codeChallenge, codeChallengeMethod }: AuthorizationInput,
  correlationId: string,
): void {
  if (Boolean(codeChallenge) !== Boolean(codeChallengeMethod)) {
    throw clientConfigurationError(
      "pkce_params_missing",
      'codeChallenge and codeChallengeMethod belong together: pass both, from CryptoProvider.generatePkceCodes() and "S256".',
      { correlationId },
    );
  }
  if (codeChallengeMethod && !CHALLENGE_METHODS.has(codeChallengeMethod)) {
    throw clientConfigurationError(
      "invalid_code_challenge_method",
      `codeChallengeMethod "${codeChallengeMethod}" is not supported: use S256.`,
      { correlationId },
    );
  }
}

type Anchor = (user: {
  readonly credential: string;
  readonly type: "home_account_id" | "UPN";
}) => string | undefined;

/**
 * Builds the hints about which user is likely to sign in. The account's own hints take precedence over the app's.
 */
function hintsOf(input: AuthorizationInput, anchor: Anchor): Parameters {
  const { account, loginHint, sid, prompt, domainHint } = input;
  const hints = new Parameters();
  if (prompt === "select_account") return hints;
  const home = account && anchor({ type: "home_account_id", credential: account.homeAccountId });
  const accountHint = domainHint ? undefined : account?.loginHint || account?.idTokenClaims?.login_hint;
  const accountSid = account?.idTokenClaims?.sid;
  const set = (mailbox: string | undefined, name: "login_hint" | "sid", value: string): Parameters =>
    hints.set("X-AnchorMailbox", mailbox).set(name, value);
  if (sid && prompt === "none") hints.set("sid", sid);
  else if (accountHint) set(home, "login_hint", accountHint);
  else if (accountSid && prompt === "none") set(home, "sid", accountSid);
  else if (loginHint) set(anchor({ type: "UPN", credential: loginHint }), "login_hint", loginHint);
  else if (account?.username) set(home, "login_hint", account.username);
  return hints;
}
