import { newGuid, withoutNull } from "../encoding.js";
import { withinBounds } from "../flight/deadline.js";
import { clientAuthError, clientConfigurationError } from "../errors/errors.js";
import { generatePkceCodes } from "../request/pkce.js";
import { redemptionFields, type RedemptionFields } from "../request/redemption-fields.js";
import {
  checkedRedirectUri,
  tokenRequest,
  type BaseRequest,
  type TokenRequest,
} from "../request/token-request.js";
import { serverError } from "../response/server-error.js";
import { sameText } from "../response/verify-id-token.js";
import type { AuthenticationResult } from "../result.js";
import { checkFrontChannel } from "./hybrid-response.js";
import { redeemCode, type AuthorizationResponse } from "./authorization-code.js";
import { authorizationUrl, type AuthorizationInput } from "./authorization-url.js";
import type { Client } from "../client/client.js";

/**
 * A sign-in that has begun: plain JSON, to be kept in the user's session (and nowhere else: it holds the PKCE verifier)
 * until the answer comes.
 */
export interface AuthCodeFlow extends Readonly<RedemptionFields> {
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
  readonly resource?: string | string[];
  /** Claims challenge the sign-in answers, JSON text. */
  readonly claims?: string;
  /** Seconds since the user last proved who they are, at most. */
  readonly maxAge?: number;
  /** When the flow began, in seconds since the epoch. */
  readonly startedAt: number;
}

/** Request to begin a sign-in. */
export interface AuthCodeFlowInput extends Omit<
  AuthorizationInput,
  "state" | "nonce" | "codeChallenge" | "codeChallengeMethod"
> {
  /** Most seconds since the user last authenticated; `auth_time` of the ID token is checked (OpenID Connect Core §3.1.2.1). */
  readonly maxAge?: number;
  /** Random string for the ID token; made for you by default. */
  readonly nonce?: string;
}

/** A flow is given up after this many seconds: longer than anyone takes to sign in, shorter than a session. */
const LONGEST_FLOW = 3600;

/**
 * Begins a sign-in: makes state, nonce and PKCE, and the URL that carries them.
 *
 * @throws ClientConfigurationError naming the field; ClientAuthError `endpoints_resolution_error`
 * @example
 * ```ts
 * const flow = await initiateAuthCodeFlow(client, { scopes: ["User.Read"], redirectUri });
 * // session.flow = flow; response.redirect(flow.authUrl);
 * ```
 */
export async function initiateAuthCodeFlow(client: Client, input: AuthCodeFlowInput): Promise<AuthCodeFlow> {
  const request = tokenRequest(client, input);
  const { given } = request;
  const { maxAge } = given;
  const responseType = given.responseType || "code";
  checkInput(given, request);
  const redirectUri = checkedRedirectUri(given.redirectUri, request.correlationId);
  const { verifier, challenge } = generatePkceCodes();
  const state = newGuid();
  const nonce = given.nonce || newGuid();
  const authorization = {
    ...given,
    correlationId: request.correlationId,
    redirectUri,
    state,
    nonce,
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
    extraQueryParameters: {
      ...request.extraQueryParameters,
      ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    },
  };
  return {
    authUrl: await authorizationUrl(client, authorization),
    state,
    nonce,
    codeVerifier: verifier,
    redirectUri,
    scopes: request.scopes,
    authority: request.authorityUrl,
    responseType,
    ...redemptionFields(given),
    ...(given.resource?.length ? { resource: given.resource } : {}),
    ...(request.claims ? { claims: JSON.stringify(request.claims) } : {}),
    ...(maxAge === undefined ? {} : { maxAge }),
    startedAt: Math.floor(client.clock.now() / 1000),
  };
}

/**
 * Ends a sign-in: checks everything the answer must satisfy, then redeems the code. A flow works once.
 *
 * @param begun what {@link initiateAuthCodeFlow} returned
 * @param response all parameters that came to the redirect URI, from the query or the form
 * @param options correlation id, signal, deadline, and extra query parameters: those of the flow were the browser's, and are
 * not sent again
 * @throws ClientAuthError `state_mismatch`, `invalid_state`, `nonce_mismatch`, `invalid_id_token`,
 * `authorization_code_missing_from_server_response`; ServerError, InteractionRequiredAuthError as the server says
 * @example
 * ```ts
 * const { account } = await completeAuthCodeFlow(client, session.flow, query);
 * ```
 */
export async function completeAuthCodeFlow(
  client: Client,
  begun: AuthCodeFlow,
  response: AuthorizationResponse,
  options: Pick<BaseRequest, "correlationId" | "signal" | "timeoutMs" | "extraQueryParameters"> = {},
): Promise<AuthenticationResult> {
  // A lost session is told apart from a mistake in the code by checkFlow.
  const flow: AuthCodeFlow = withoutNull(begun ?? ({} as AuthCodeFlow));
  const { scopes, authority, claims, resource } = flow;
  const common = { ...options, scopes, authority, claims, resource, ...redemptionFields(flow) };
  const request = tokenRequest(client, common);
  const { correlationId } = request;
  checkFlow(client, flow, request);
  if (typeof response?.["state"] !== "string" || !sameText(response["state"], flow.state)) {
    throw clientAuthError(
      "state_mismatch",
      "The state that came back is not that of this flow: the answer belongs to another sign-in, do not use it.",
      request,
    );
  }
  // From here on the answer is the flow's own: whatever comes of it, neither works a second time.
  if (!client.usedSignIns.use(flow.state, (flow.startedAt + LONGEST_FLOW) * 1000)) {
    throw clientAuthError("invalid_state", "This flow has been used: begin a new one.", request);
  }
  if (response["error"]) throw serverError(response, undefined, correlationId);
  const { code, client_info: info } = response;
  if (typeof code !== "string" || code === "") {
    throw clientAuthError(
      "authorization_code_missing_from_server_response",
      "The answer has neither code nor error: pass all parameters that came to the redirect URI.",
      request,
    );
  }
  const isHybrid = flow.responseType === "code id_token";
  const subject = isHybrid
    ? await withinBounds(request, (signal) =>
        checkFrontChannel(client, { ...request, signal }, { nonce: flow.nonce, response, code }),
      )
    : undefined;
  const { redirectUri, codeVerifier, nonce, state, maxAge } = flow;
  const sent = { redirectUri, codeVerifier, nonce, state, code, correlationId };
  // The state has shown whose answer this is: it may say which data center knows the user.
  const clientInfo = typeof info === "string" ? { clientInfo: info } : {};
  const expectations = {
    maxAge,
    subject,
    hasWholeResponse: true,
    hasSentQuery: options.extraQueryParameters === undefined,
  };
  return redeemCode(client, { ...common, ...sent, ...clientInfo }, response, expectations);
}

function checkInput({ maxAge }: AuthCodeFlowInput, request: TokenRequest): void {
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge >= 0)) {
    throw clientConfigurationError(
      "invalid_option",
      `maxAge is ${String(maxAge)}: pass whole seconds.`,
      request,
    );
  }
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
