import type { AccountInfo } from "../account.js";
import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { knownCloud } from "../authority/clouds.js";
import { idTokenIssuerMatches } from "../authority/issuer.js";
import { base64Decode, parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError } from "../errors/errors.js";
import { mergeClaims } from "../request/claims.js";
import { Parameters, withQuery } from "../request/parameters.js";
import { withOidcScopes } from "../request/scopes.js";
import { checkedRedirectUri, type TokenRequest } from "../request/token-request.js";
import { decodeClientInfo } from "../response/client-info.js";
import { serverError } from "../response/server-error.js";
import { sameText } from "../response/verify-id-token.js";
import type { AuthenticationResult } from "../result.js";
import { addLibraryInfo, ApiId, CacheOutcome } from "../dialect/entra-telemetry.js";
import { isExpectedAt } from "./account-authority.js";
import type { Client } from "../client/client.js";
import { redeem } from "../exchange/redeem.js";
import { anchorMailbox, ccsHeader, type CcsCredential } from "./refresh-token.js";
import { sharedCall } from "../exchange/shared-call.js";

/** What an authorization request says beside the common fields. */
export interface AuthorizationAsk {
  readonly redirectUri: string;
  readonly extraScopesToConsent?: readonly string[];
  readonly responseMode?: string;
  readonly prompt?: string;
  readonly domainHint?: string;
  readonly loginHint?: string;
  readonly sid?: string;
  readonly account?: AccountInfo;
  readonly nonce?: string;
  readonly state?: string;
  readonly codeChallenge?: string;
  readonly codeChallengeMethod?: string;
  /** `code` by default. */
  readonly responseType?: string;
}

/** What a code redemption says beside the common fields. */
export interface CodeAsk {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier?: string | undefined;
  readonly nonce?: string | undefined;
  readonly state?: string | undefined;
  /** `client_info` of an answer that belongs to this sign-in. */
  readonly clientInfo?: string | undefined;
  /** The user the code is for, where `clientInfo` does not say it. */
  readonly ccsCredential?: CcsCredential | undefined;
  readonly enableSpaAuthorizationCode?: boolean | undefined;
  /** Seconds since the user last proved who they are, at most. */
  readonly maxAge?: number | undefined;
  /** The response holds all parameters that came: an `iss` the provider promises must be among them (RFC 9207 §2.4). */
  readonly responseIsWhole?: boolean;
  /** `sub` of the ID token that came with the code; that of the token response must be the same. */
  readonly subject?: string | undefined;
}

/** Parameters of the authorization response, as they came to the redirect URI: anybody can send a browser there. */
export type AuthorizationResponse = Readonly<Record<string, unknown>>;

const RESPONSE_MODES: ReadonlySet<string> = new Set(["query", "fragment", "form_post"]);
const CHALLENGE_METHODS: ReadonlySet<string> = new Set(["S256", "plain"]);

/**
 * The URL that starts a sign-in (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, PKCE RFC 7636 §4.3).
 *
 * @example
 * ```ts
 * const { challenge, verifier } = generatePkceCodes(); // keep verifier and state in the session
 * const pkce = { codeChallenge: challenge, codeChallengeMethod: "S256" };
 * const url = await authorizationUrl(client, request, { redirectUri, state: crypto.randomUUID(), ...pkce });
 * ```
 */
export async function authorizationUrl(
  client: Client,
  request: TokenRequest,
  ask: AuthorizationAsk,
): Promise<string> {
  const { correlationId, signal } = request;
  const redirectUri = checkedRedirectUri(ask.redirectUri, correlationId);
  const responseMode = ask.responseMode || "query";
  if (!RESPONSE_MODES.has(responseMode)) {
    throw clientConfigurationError(
      "invalid_response_mode",
      `responseMode "${responseMode}" is unknown: use query, fragment or form_post.`,
      request,
    );
  }
  checkChallenge(ask, correlationId);
  const authority = await client.authorities.resolve(client.authorities.url(request.authorityUrl), {
    correlationId,
    signal,
  });
  const entra = authority.url.kind !== "oidc";
  const scopes = withOidcScopes([...request.scopes, ...(ask.extraScopesToConsent ?? [])]);
  const parameters = new Parameters()
    .set("client_id", client.clientId)
    .set("scope", scopes.join(" "))
    .set("resource", request.resource)
    .set("redirect_uri", redirectUri);
  if (entra) parameters.set("client-request-id", correlationId);
  parameters.set("response_mode", responseMode);
  if (entra) parameters.set("client_info", "1").set("clidata", "1");
  parameters.set("prompt", ask.prompt).set("domain_hint", ask.domainHint);
  if (ask.prompt !== "select_account") addHints(parameters, expected(client, request, ask), entra);
  parameters.set("nonce", ask.nonce).set("state", ask.state);
  const { claims } = request;
  parameters.set("claims", mergeClaims({ claims, capabilities: client.capabilities, entraDefaults: entra }));
  if (entra) addLibraryInfo(parameters, client.library, false);
  parameters
    .set("response_type", ask.responseType ?? "code")
    .set("code_challenge", ask.codeChallenge)
    .set("code_challenge_method", ask.codeChallengeMethod)
    .addMissing(request.extraQueryParameters);
  return withQuery(authority.metadata.authorization_endpoint, parameters.toString());
}

/**
 * Exchanges an authorization code for tokens (RFC 6749 §4.1.3). The parameters of the authorization response are checked
 * if they are passed: `error`, `state` and `iss` (RFC 9207). They never decide where a secret is sent, nor what to expect.
 *
 * @example
 * ```ts
 * const { state, nonce, verifier: codeVerifier } = session;
 * const code = { code: query.code, redirectUri, state, nonce, codeVerifier };
 * const { account } = await redeemCode(client, request, code, query);
 * ```
 */
export async function redeemCode(
  client: Client,
  request: TokenRequest,
  ask: CodeAsk,
  response: AuthorizationResponse | undefined,
): Promise<AuthenticationResult> {
  const { correlationId } = request;
  if (response?.error) throw serverError(response, undefined, correlationId);
  if (typeof ask.code !== "string" || ask.code === "") {
    throw clientAuthError(
      "request_cannot_be_made",
      "code is missing: pass the code parameter that came to the redirect URI.",
      request,
    );
  }
  const redirectUri = checkedRedirectUri(ask.redirectUri, correlationId);
  const { state } = response ?? {};
  if (response && ask.state && !(typeof state === "string" && sameText(state, ask.state))) {
    throw clientAuthError(
      "state_mismatch",
      "The state that came back is not the one that was sent: the answer belongs to another sign-in, do not use it.",
      request,
    );
  }
  const url = cloudOf(client, client.authorities.url(request.authorityUrl), response);
  const scopes = withOidcScopes(request.scopes);
  // Only the same sign-in may share: a code that was injected into another one must fail there (RFC 9700 §2.1.1).
  const { code, codeVerifier, nonce, maxAge, subject, responseIsWhole } = ask;
  const bound = {
    code,
    codeVerifier,
    redirectUri,
    nonce,
    maxAge,
    subject,
    responseIsWhole,
    iss: response?.iss,
  };
  const flow = ["authorization_code", url.href, bound, ask.enableSpaAuthorizationCode, ...scopes];
  const result = await sharedCall(client, request, flow, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    checkResponseIssuer(response?.iss, authority, ask.responseIsWhole ?? false, correlationId);
    const isEntra = url.kind === "entra" || url.kind === "ciam";
    const clientInfo = isEntra ? decodeClientInfo(ask.clientInfo, correlationId) : undefined;
    return redeem(
      client,
      authority,
      request,
      {
        apiId: ApiId.authorizationCode,
        cacheOutcome: CacheOutcome.notApplicable,
        scopes,
        parameters: new Parameters()
          .set("redirect_uri", redirectUri)
          .set("scope", scopes.join(" "))
          .set("code", ask.code)
          .set("code_verifier", ask.codeVerifier)
          .set("grant_type", "authorization_code")
          .set("return_spa_code", ask.enableSpaAuthorizationCode ? "1" : undefined),
        owner: { kind: "user" },
        nonce: { expected: ask.nonce },
        maxAge: ask.maxAge,
        subject: ask.subject,
        throttleKey: ["authorization_code", ask.code].join(" "),
        headers: clientInfo
          ? anchorMailbox(`${clientInfo.uid}.${clientInfo.utid}`, authority)
          : ccsHeader(ask.ccsCredential, authority),
      },
      call,
    );
  });
  return { ...result, ...saidBy(client, response, ask.state) };
}

/** What the response says for the app to read. Only the state shows that the hosts in it are not a stranger's. */
function saidBy(
  client: Client,
  response: AuthorizationResponse | undefined,
  state: string | undefined,
): Pick<AuthenticationResult, "state" | "cloudGraphHostName" | "msGraphHost"> {
  if (!response) return {};
  if (!state) return { state: typeof response["state"] === "string" ? userState(response["state"]) : "" };
  if (!client.isPublic) return {};
  const { cloud_graph_host_name: cloudGraph, msgraph_host: graph } = response;
  return {
    ...(typeof cloudGraph === "string" ? { cloudGraphHostName: cloudGraph } : {}),
    ...(typeof graph === "string" ? { msGraphHost: graph } : {}),
  };
}

/** The app's own part of a state that MSAL has made: what follows the library's, base64 JSON, after a bar. */
function userState(state: string): string {
  const [library = "", ...own] = state.split("|");
  return parseJsonObject(base64Decode(library)) ? own.join("|") : "";
}

function checkChallenge(
  { codeChallenge, codeChallengeMethod }: AuthorizationAsk,
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
      `codeChallengeMethod "${codeChallengeMethod}" is unknown: use S256.`,
      { correlationId },
    );
  }
}

/** Without the account of another provider: that is not this one's business. */
function expected(client: Client, request: TokenRequest, ask: AuthorizationAsk): AuthorizationAsk {
  const { account, ...rest } = ask;
  return account && isExpectedAt(client, request, account) ? ask : rest;
}

/** Tells the server who is likely to sign in. What the account says of itself comes before what the app believes. */
function addHints(parameters: Parameters, ask: AuthorizationAsk, entra: boolean): void {
  const { account, loginHint, sid, prompt, domainHint } = ask;
  const anchor = (value: string): Parameters =>
    entra ? parameters.set("X-AnchorMailbox", value) : parameters;
  const [uid, utid] = account?.homeAccountId.split(".") ?? [];
  const oid = uid && utid ? `Oid:${uid}@${utid}` : "";
  const accountHint = domainHint ? undefined : account?.loginHint || account?.idTokenClaims?.login_hint;
  const accountSid = account?.idTokenClaims?.sid;
  if (sid && prompt === "none") parameters.set("sid", sid);
  else if (accountHint) anchor(oid).set("login_hint", accountHint);
  else if (accountSid && prompt === "none") anchor(oid).set("sid", accountSid);
  else if (loginHint) anchor(`UPN:${loginHint}`).set("login_hint", loginHint);
  else if (account?.username) anchor(oid).set("login_hint", account.username);
}

/**
 * Entra sends users of a sovereign cloud back with the host that must redeem their code. Only known hosts are believed, and
 * only where no credential would go there along with the code.
 */
function cloudOf(
  client: Client,
  url: AuthorityUrl,
  response: AuthorizationResponse | undefined,
): AuthorityUrl {
  const host = response?.["cloud_instance_host_name"];
  if (!client.isPublic || typeof host !== "string" || url.kind !== "entra") return url;
  if (!knownCloud(host) || !knownCloud(url.host)) return url;
  return client.authorities.url(`https://${host}/${url.segments.join("/")}`);
}

/** RFC 9207 §2.4: a code is redeemed where it was issued. */
function checkResponseIssuer(
  iss: unknown,
  authority: Authority,
  responseIsWhole: boolean,
  correlationId: string,
): void {
  const { url, metadata, cloud } = authority;
  const promised = responseIsWhole && metadata["authorization_response_iss_parameter_supported"] === true;
  if (iss === undefined && !promised) return;
  const tenant =
    typeof iss === "string" ? (new RegExp(/^https:\/\/[^/]+\/([^/]+)\/v2\.0$/).exec(iss)?.[1] ?? "") : "";
  if (typeof iss === "string" && idTokenIssuerMatches(iss, tenant, metadata.issuer, url, cloud.aliases))
    return;
  throw clientAuthError(
    "invalid_state",
    `The authorization response was issued by "${typeof iss === "string" ? iss : ""}", not by "${metadata.issuer}": the code is not sent there (RFC 9207).`,
    { correlationId },
  );
}
