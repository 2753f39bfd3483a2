import { endpointOf } from "../authority/endpoint.js";
import { epochSeconds } from "../clock.js";
import { dialectOf } from "../dialect/dialects.js";
import { errorName } from "../errors/error-name.js";
import { isAuthError } from "../errors/errors.js";
import { isBackground, keepAlive } from "../flight/background.js";
import type { HttpResponse } from "../http/http-client.js";
import { WHY_SENT } from "../request/miss.js";
import { pauseAfter, withAttempts } from "../http/throttle.js";
import { requireKnownTypes } from "../request/authorization-details.js";
import { mergeClaims } from "../request/claims.js";
import { Parameters } from "../request/parameters.js";
import { resourcesIn } from "../request/resource.js";
import { isSignInOnly } from "../request/scopes.js";
import { parseIssuedToken } from "../response/issued-token.js";
import { parseTokenResponse, type TokenResponse } from "../response/token-response.js";
import type { AuthenticationResult } from "../result.js";
import { acceptTokens } from "./accept-tokens.js";
import { sendClientForm, type ClientForm } from "./client-form.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";
import { acquiredLine, throttledLine } from "./operator-lines.js";
import { observedRequest } from "./observed-request.js";
import { noteRefusal, throwIfRefused } from "./refused-grants.js";
import { requireKeys } from "./require-keys.js";

/**
 * Exchanges a grant for tokens: authenticates the client, sends the request, validates the response, writes it to the
 * cache as a whole, and builds the result. The cache is unchanged when any step fails, except as {@link acceptTokens}
 * says.
 *
 * What a user has been granted can often be redeemed only once. Once the request is sent, it is therefore completed even
 * if every caller leaves; only its own timeout ends it.
 */
export async function redeem(exchange: Exchange, grant: Grant): Promise<AuthenticationResult> {
  let release: (() => void) | undefined;
  const onSend = (): void => {
    if (grant.owner.kind !== "app") release ??= held(exchange, grant);
  };
  try {
    return await sendAndAccept(exchange, grant, onSend);
  } finally {
    release?.();
  }
}

/** How long a process waits for the answer to a background renewal before it may end, in milliseconds. */
const LONGEST_HOLD_MS = 5000;

/**
 * Keeps a request running although its callers leave, and keeps the application from closing. If a background renewal has sent a
 * refresh token that is good for one request, the process waits for the answer as well: no later process could redeem that
 * token again.
 */
function held({ client, authority, call }: Exchange, { parameters }: Grant): () => void {
  const leave = call.hold?.();
  const ended = client.sentGrants.begin();
  const isOneTime =
    parameters.get("refresh_token") !== undefined && dialectOf(authority.url).rotatesRefreshTokens;
  const end =
    isOneTime && isBackground(call.signal) && client.cache.turns.arePersisted
      ? keepAlive(LONGEST_HOLD_MS)
      : undefined;
  return () => {
    leave?.();
    ended();
    end?.();
  };
}

async function sendAndAccept(
  exchange: Exchange,
  grant: Grant,
  onSend: () => void,
): Promise<AuthenticationResult> {
  const { client, authority, request, call } = exchange;
  const { correlationId } = call;
  const grantType = grant.parameters.get("grant_type") ?? "";
  const throttleKey = `${endpointOf(authority, "token_endpoint", call)} ${grant.throttleKey}`;
  const refusal = client.failures.refusal(throttleKey, correlationId);
  if (refusal) {
    const why = `the server asked for a pause, which ends in ${refusal.retryAfterSeconds ?? 0} s`;
    client.logger().verbose(`No token request is sent (${grantType}): ${why}.`, correlationId);
    throw refusal;
  }
  throwIfRefused(exchange, grant);
  call.onAsk?.();
  const keys = requireKeys(exchange, grant);
  if (keys) await keys;
  const requestedAt = epochSeconds(client.clock);
  const why = WHY_SENT[grant.miss ?? "uncached"];
  client.logger().verbose(`Sending a token request (${grantType}): ${why}.`, correlationId);
  const key = request.scheme && (grant.key ?? (await client.dpop.newKey(authority.metadata, call)));
  const send = (): Promise<HttpResponse> => sendTokenRequest(exchange, grant, { key, onSend });
  const response = await observedRequest(exchange, grant, send);
  let tokens: TokenResponse;
  try {
    const isSignIn = grant.owner.kind === "user" && isSignInOnly(grant.scopes);
    const acceptsIdTokenAlone = isSignIn && dialectOf(authority.url).sendsIdTokenAlone(authority.url);
    tokens = grant.exchange
      ? parseIssuedToken(response, { ...grant.exchange, scheme: request.scheme }, correlationId)
      : parseTokenResponse(response, acceptsIdTokenAlone, correlationId, request.scheme);
  } catch (error) {
    const pause = pauseAfter(response, client.clock, grant.isPoll ? 0 : undefined);
    if (isAuthError(error)) withAttempts(error, response);
    if (isAuthError(error) && pause !== undefined) client.failures.notePause(throttleKey, error, pause);
    if (pause !== undefined && !isPending(error))
      client.logger().info(throttledLine(authority.url.host, pause), correlationId);
    noteRefusal(exchange, grant, error);
    if (grant.apiId !== undefined && !isPending(error))
      client.telemetry.noteFailure(grant.apiId, correlationId, error);
    client
      .logger()
      .verbose(`The token request was answered with an error: ${errorName(error)}`, correlationId);
    throw error;
  }
  client.logger().verbose(`Received ${contentOf(tokens)}.`, correlationId);
  // The sign-in of a session belongs to no user's partition.
  const isSignIn = grant.owner.kind === "user" && grantType !== "refresh_token";
  if (isSignIn || grantType === "authorization_code") client.failures.noteSignIn();
  const result = await acceptTokens(exchange, grant, { tokens, requestedAt, key });
  client.logger().info(acquiredLine(grant), correlationId);
  return result;
}

function contentOf({ accessToken, expiresIn, refreshToken, idToken }: TokenResponse): string {
  const parts = [
    accessToken ? `an access token for ${expiresIn} seconds` : "",
    refreshToken ? "a refresh token" : "no refresh token",
    idToken ? "an ID token" : "",
  ];
  return parts.filter(Boolean).join(", ");
}

async function sendTokenRequest(
  { client, authority, request, call, turn }: Exchange,
  grant: Grant,
  { key, onSend }: Pick<ClientForm, "key" | "onSend">,
): Promise<HttpResponse> {
  if (!grant.hasDetails) requireKnownTypes(request.authorizationDetails, authority.metadata, call);
  const dialect = dialectOf(authority.url);
  const own = dialect.tokenParameters({
    library: client.library,
    telemetry: client.telemetry,
    correlationId: call.correlationId,
    apiId: grant.apiId,
    miss: grant.miss ?? "uncached",
    region: grant.region,
    isForUser: grant.owner.kind !== "app",
  });
  const claims = mergeClaims({
    claims: request.claims,
    claimsFromClient: request.claimsFromClient?.claims,
    capabilities: client.capabilities,
    idTokenDefaults: grant.owner.kind === "user" ? dialect.idTokenClaims : undefined,
  });
  const response = await sendClientForm(
    { client, authority, call, turn },
    {
      endpoint: "token_endpoint",
      parameters: new Parameters()
        .setAll(grant.parameters)
        .setEach("resource", resourcesIn(request.resource))
        .set("authorization_details", grant.hasDetails ? undefined : request.authorizationDetails)
        .set("attribute_tokens", request.attributeTokens)
        .setAll(own.body),
      claims,
      extraParameters: request.extraParameters,
      query: new Parameters().addMissing(request.extraQueryParameters).setAll(own.query),
      headers: grant.headers,
      authentication: grant.authentication,
      key,
      onSend,
    },
  );
  client.telemetry.reset(response.status);
  return response;
}

/** True for a device code whose user has not signed in yet (RFC 8628 §3.5), which is not reported as a failure. */
function isPending(error: unknown): boolean {
  return isAuthError(error) && error.errorCode === "authorization_pending";
}
