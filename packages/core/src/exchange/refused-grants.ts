import { sha256Base64Url } from "../encoding.js";
import { isAuthError } from "../errors/errors.js";
import { flightKey } from "../request/request-keys.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";

/**
 * Throws the provider's refusal of the same grant again, instead of sending it once more. A renewed refresh token, or a
 * request with other fields, is another grant.
 *
 * @throws InteractionRequiredAuthError, ServerError as received
 */
export function throwIfRefused(exchange: Exchange, grant: Grant): void {
  const { client, call } = exchange;
  if (client.failures.isEmpty || !isRemembered(grant)) return;
  const refusal = client.failures.refusal(keyOf(exchange, grant), call.correlationId);
  if (!refusal) return;
  client
    .logger()
    .verbose("No token request is sent: the provider has refused the same one.", call.correlationId);
  throw refusal;
}

/** Remembers that the provider has refused a grant, or wants the user to act. */
export function noteRefusal(exchange: Exchange, grant: Grant, error: unknown): void {
  if (!isAuthError(error) || !isRemembered(grant)) return;
  if (error.errorCode !== "invalid_grant" && !isAuthError(error, "InteractionRequiredAuthError")) return;
  exchange.client.failures.noteRefusal(keyOf(exchange, grant), error, isMendable(grant));
}

/** Whether the same grant may be accepted later, because somebody consents elsewhere or unlocks the user. */
function isMendable({ parameters }: Grant): boolean {
  const grantType = parameters.get("grant_type");
  return grantType !== "authorization_code" && grantType !== "refresh_token";
}

/**
 * Refusals of apps and agents are not remembered, because an administrator can lift them at any time; nor are those of polls,
 * which are repeated anyway.
 */
function isRemembered({ owner, isPoll }: Grant): boolean {
  const isOfApp = owner.kind === "app" || (owner.kind === "user" && owner.agent === true);
  return !isOfApp && !isPoll;
}

/** A hash, because the grant is a secret. An assertion does not show a consent since then, so sign-ins are part of its key. */
function keyOf({ client, authority, request }: Exchange, { parameters, owner }: Grant): string {
  const signIns = owner.kind === "assertion" ? client.failures.signIns : 0;
  const parts = ["grant", authority.metadata.token_endpoint, parameters.toString(), signIns];
  return sha256Base64Url(flightKey(request.given, parts));
}
