import { newGuid } from "../encoding.js";
import { clientAuthError, clientConfigurationError } from "../errors/errors.js";
import { nodeCrypto } from "../node-crypto.js";
import { generatePkceCodes } from "../request/pkce.js";
import { checkedRedirectUri, type TokenRequest } from "../request/token-request.js";
import { decodeIdToken } from "../response/id-token.js";
import { serverError } from "../response/server-error.js";
import { sameText, verifyIdToken } from "../response/verify-id-token.js";
import type { AuthenticationResult } from "../result.js";
import {
  authorizationUrl,
  redeemCode,
  type AuthorizationAsk,
  type AuthorizationResponse,
} from "./authorization-code.js";
import type { Client } from "../client/client.js";

/**
 * A sign-in that has begun: plain JSON, to be kept in the user's session (and nowhere else: it holds the PKCE verifier)
 * until the answer comes.
 */
export interface AuthCodeFlow {
  /** Send the user's browser here. */
  readonly authUrl: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly authority: string;
  readonly responseType: "code" | "code id_token";
  /** Resource indicator (RFC 8707). */
  readonly resource?: string;
  /** Claims challenge the sign-in answers, JSON text. */
  readonly claims?: string;
  /** Seconds since the user last proved who they are, at most. */
  readonly maxAge?: number;
  /** When the flow began, in seconds since the epoch. */
  readonly startedAt: number;
}

/** What {@link initiateAuthCodeFlow} takes beside the common fields. */
export interface AuthCodeFlowAsk extends Omit<
  AuthorizationAsk,
  "state" | "codeChallenge" | "codeChallengeMethod"
> {
  /** Seconds since the user last proved who they are, at most (OpenID Connect Core §3.1.2.1). */
  readonly maxAge?: number;
  /** `code id_token` also brings an ID token in the front channel (hybrid flow, OpenID Connect Core §3.3). */
  readonly responseType?: "code" | "code id_token";
}

/** A flow is given up after this many seconds: longer than anyone takes to sign in, shorter than a session. */
const LONGEST_FLOW = 3600;

/** Begins a sign-in: makes state, nonce and PKCE, and the URL that carries them. */
export async function initiateAuthCodeFlow(
  client: Client,
  request: TokenRequest,
  ask: AuthCodeFlowAsk,
): Promise<AuthCodeFlow> {
  const { correlationId } = request;
  const { maxAge, responseType = "code" } = ask;
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge >= 0)) {
    throw clientConfigurationError(
      "invalid_option",
      `maxAge is ${String(maxAge)}: pass whole seconds.`,
      request,
    );
  }
  if (responseType !== "code" && responseType !== "code id_token") {
    throw clientConfigurationError(
      "invalid_option",
      `responseType is "${String(responseType)}": use code or code id_token.`,
      request,
    );
  }
  const hybrid = responseType === "code id_token";
  // A front-channel ID token must not stand in a query (OAuth 2.0 Multiple Response Types §5).
  const responseMode = ask.responseMode ?? (hybrid ? "form_post" : "query");
  if (hybrid && responseMode === "query") {
    throw clientConfigurationError(
      "invalid_response_mode",
      "code id_token cannot come in a query: use form_post.",
      request,
    );
  }
  const redirectUri = checkedRedirectUri(ask.redirectUri, correlationId);
  const { verifier, challenge } = generatePkceCodes();
  const state = newGuid();
  const nonce = ask.nonce || newGuid();
  const extra = {
    ...request.extraQueryParameters,
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
  };
  const pkce = { codeChallenge: challenge, codeChallengeMethod: "S256" };
  const authUrl = await authorizationUrl(
    client,
    { ...request, extraQueryParameters: extra },
    { ...ask, redirectUri, responseMode, state, nonce, ...pkce, responseType },
  );
  return {
    authUrl,
    state,
    nonce,
    codeVerifier: verifier,
    redirectUri,
    scopes: request.scopes,
    authority: request.authorityUrl,
    responseType,
    ...(request.resource ? { resource: request.resource } : {}),
    ...(request.claims ? { claims: JSON.stringify(request.claims) } : {}),
    ...(maxAge === undefined ? {} : { maxAge }),
    startedAt: Math.floor(client.clock.now() / 1000),
  };
}

/**
 * Ends a sign-in: checks everything the answer must satisfy, then redeems the code. A flow works once.
 *
 * @param response all parameters that came to the redirect URI, from the query or the form
 * @throws ClientAuthError `state_mismatch`, `invalid_state`, `nonce_mismatch`, `invalid_id_token`,
 * `authorization_code_missing_from_server_response`; ServerError, InteractionRequiredAuthError as the server says
 */
export async function completeAuthCodeFlow(
  client: Client,
  request: TokenRequest,
  flow: AuthCodeFlow,
  response: AuthorizationResponse,
): Promise<AuthenticationResult> {
  const { correlationId } = request;
  checkFlow(client, flow, request);
  if (typeof response?.state !== "string" || !sameText(response.state, flow.state)) {
    throw clientAuthError(
      "state_mismatch",
      "The state that came back is not that of this flow: the answer belongs to another sign-in, do not use it.",
      request,
    );
  }
  // From here on the answer is the flow's own: whatever comes of it, neither works a second time.
  if (!client.usedFlows.use(flow.state, (flow.startedAt + LONGEST_FLOW) * 1000)) {
    throw clientAuthError("invalid_state", "This flow has been used: begin a new one.", request);
  }
  if (response.error) throw serverError(response, undefined, correlationId);
  const { code } = response;
  if (typeof code !== "string" || code === "") {
    throw clientAuthError(
      "authorization_code_missing_from_server_response",
      "The answer has neither code nor error: pass all parameters that came to the redirect URI.",
      request,
    );
  }
  const subject =
    flow.responseType === "code id_token"
      ? await checkFrontChannel(client, request, flow, response, code)
      : undefined;
  const { redirectUri, codeVerifier, nonce, state, maxAge } = flow;
  // The state has shown whose answer this is: it may say which data centre knows the user.
  const { client_info: info } = response;
  const clientInfo = typeof info === "string" ? info : undefined;
  const sent = { redirectUri, codeVerifier, nonce, state, maxAge, clientInfo };
  return redeemCode(client, request, { ...sent, code, subject, responseIsWhole: true }, response);
}

function checkFlow(client: Client, flow: AuthCodeFlow, request: TokenRequest): void {
  const texts = [flow?.state, flow?.nonce, flow?.codeVerifier, flow?.redirectUri, flow?.authority];
  if (texts.some((text) => typeof text !== "string" || text === "") || typeof flow.startedAt !== "number") {
    throw clientAuthError(
      "invalid_state",
      "The flow is not one of initiateAuthCodeFlow(): keep it whole in the session.",
      request,
    );
  }
  if (client.clock.now() / 1000 - flow.startedAt > LONGEST_FLOW) {
    throw clientAuthError(
      "invalid_state",
      `The flow is older than ${LONGEST_FLOW} seconds: begin a new one.`,
      request,
    );
  }
}

/**
 * The ID token of the front channel, signed, binds the code to this sign-in (OpenID Connect Core §3.3.2.10-11).
 *
 * @returns its subject
 */
async function checkFrontChannel(
  client: Client,
  request: TokenRequest,
  flow: AuthCodeFlow,
  response: AuthorizationResponse,
  code: string,
): Promise<string | undefined> {
  const idToken = response["id_token"];
  const call = { correlationId: request.correlationId, signal: request.signal };
  if (typeof idToken !== "string") {
    throw clientAuthError(
      "invalid_id_token",
      "id_token is missing from the answer: code id_token was asked for.",
      call,
    );
  }
  const authority = await client.authorities.resolve(client.authorities.url(request.authorityUrl), call);
  const { clientId, clock, keys, secret, idTokenAlgorithm: algorithm } = client;
  const nonce = { expected: flow.nonce };
  // It came through the browser: no TLS of the token endpoint vouches for it.
  const { sub } = await verifyIdToken(
    idToken,
    { authority, clientId, clock, keys, algorithm, secret, nonce, signature: "always" },
    call,
  );
  const { c_hash: hash } = decodeIdToken(idToken, call.correlationId);
  if (typeof hash !== "string" || !sameText(hash, halfHash(code, idToken))) {
    throw clientAuthError(
      "invalid_id_token",
      "c_hash of the ID token is not that of the code: the code was exchanged.",
      call,
    );
  }
  return sub;
}

/** Left half of the hash that belongs to the token's algorithm, base64url (OpenID Connect Core §3.3.2.11). */
function halfHash(text: string, idToken: string): string {
  const header = JSON.parse(Buffer.from(idToken.split(".", 1)[0] ?? "", "base64url").toString()) as {
    alg?: unknown;
  };
  const size = /(384|512)$/.exec(String(header.alg))?.[1] ?? "256";
  const hash = nodeCrypto().createHash(`sha${size}`).update(text).digest();
  return hash.subarray(0, hash.length / 2).toString("base64url");
}
