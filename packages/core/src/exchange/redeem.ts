import type { Authority } from "../authority/authority.js";
import { epochSeconds } from "../clock.js";
import { parseJsonObject } from "../encoding.js";
import { AuthError } from "../errors/errors.js";
import { hideSecretsOf } from "../http/hide-secrets.js";
import type { HttpResponse } from "../http/http-client.js";
import type { Call } from "../http/transport.js";
import { mergeClaims } from "../request/claims.js";
import { Parameters, withQuery } from "../request/parameters.js";
import { isSignInOnly } from "../request/scopes.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { parseTokenResponse, type TokenResponse } from "../response/token-response.js";
import { addLibraryInfo } from "../dialect/entra-telemetry.js";
import { acceptTokens } from "./accept-tokens.js";
import type { Client } from "../client/client.js";
import type { Grant } from "./grant.js";

/**
 * Exchanges a grant for tokens: authenticates the client, sends the request, validates the answer, writes it to the
 * cache whole, and makes the result. The cache is untouched when anything fails.
 */
export async function redeem(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  grant: Grant,
  call: Call,
): Promise<AuthenticationResult> {
  const throttleKey = `${authority.metadata.token_endpoint} ${grant.throttleKey}`;
  client.throttle.check(throttleKey);
  const requestedAt = epochSeconds(client.clock);
  const response = await sendTokenRequest(client, authority, request, grant, call);
  let tokens: TokenResponse;
  try {
    // Where no scope of an API is asked for, B2C answers with an ID token alone.
    const idTokenWillDo = grant.owner.kind === "user" && isSignInOnly(grant.scopes);
    tokens = parseTokenResponse(response, idTokenWillDo, call.correlationId);
  } catch (error) {
    client.throttle.note(throttleKey, response, error as Error);
    if (!isPending(error)) client.telemetry.noteFailure(grant.apiId, call.correlationId, error);
    throw error;
  }
  return acceptTokens(client, authority, request, grant, { tokens, requestedAt }, call);
}

async function sendTokenRequest(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  grant: Grant,
  call: Call,
): Promise<HttpResponse> {
  const entra = authority.url.kind !== "oidc";
  const proof = await client.authenticate(authority, grant.authentication);
  const body = new Parameters().set("client_id", client.clientId).setAll(grant.parameters);
  body.set("attribute_tokens", request.attributeTokens);
  if (entra) {
    addLibraryInfo(body, client.library, true);
    client.telemetry.addTo(body, grant.apiId, grant.cacheOutcome, grant.region);
    if (grant.owner.kind !== "app") body.set("client_info", "1");
  }
  body.setAll(proof.parameters);
  const entraDefaults = entra && grant.owner.kind === "user";
  body.set(
    "claims",
    mergeClaims({
      claims: request.claims,
      claimsFromClient: request.claimsFromClient?.claims,
      capabilities: client.capabilities,
      entraDefaults,
    }),
  );
  body.addMissing(request.extraParameters);

  const query = new Parameters().addMissing(request.extraQueryParameters);
  if (entra) query.set("client-request-id", call.correlationId);
  const url = withQuery(proof.tokenEndpoint ?? authority.metadata.token_endpoint, query.toString());
  const headers = { ...grant.headers, ...proof.headers };
  const form = { body: body.toString(), headers, tls: proof.tls };
  const response = await client.transport.post(url, form, call);
  client.telemetry.reset(response.status);
  return response.status < 400 ? response : withoutEcho(response, hideSecretsOf(form));
}

/** The description of an error is the server's own text, which may repeat the secrets it was sent. */
function withoutEcho(response: HttpResponse, hide: (text: string) => string): HttpResponse {
  const body = parseJsonObject(response.body);
  const description = body?.["error_description"];
  if (typeof description !== "string" || hide(description) === description) return response;
  return { ...response, body: JSON.stringify({ ...body, error_description: hide(description) }) };
}

/** A user who has not signed in yet (RFC 8628 §3.5) is no failure to report. */
function isPending(error: unknown): boolean {
  return error instanceof AuthError && error.errorCode === "authorization_pending";
}
