import type { Client } from "../client/client.js";
import { clientAuthError } from "../errors/errors.js";
import type { RedemptionFields } from "../request/redemption-fields.js";
import type { TokenRequest } from "../request/token-request.js";
import type { ResponseType } from "./expected-response.js";

/**
 * A started sign-in, as plain JSON. Keep it in the user's session until the response arrives, and nowhere else: it
 * holds the PKCE verifier, and the key of a DPoP token.
 */
export interface AuthCodeFlow extends Readonly<RedemptionFields> {
  /** URL to send the user's browser to. */
  readonly authUrl: string;
  /** When the URL expires, in seconds since the epoch, if the request was pushed to the provider (RFC 9126). */
  readonly authUrlExpiresAt?: number;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly authority: string;
  readonly responseType: ResponseType;
  /** Response mode, if the response has to be a JWT (JARM). */
  readonly responseMode?: string;
  /** Resource indicator (RFC 8707). */
  readonly resource?: string | string[];
  /** The key that the code and its tokens are bound to (RFC 9449), with its private part. */
  readonly dpopKey?: string;
  /** Claims challenge of the sign-in, as JSON. */
  readonly claims?: string;
  /** Maximum seconds since the user last authenticated. */
  readonly maxAge?: number;
  /** When the flow started, in seconds since the epoch. */
  readonly startedAt: number;
  /** `false` if the sign-in goes without PKCE; `codeVerifier` is then empty. */
  readonly usePkce?: boolean;
  /** `false` if the sign-in goes without a nonce; `nonce` is then empty. */
  readonly useNonce?: boolean;
}

/** Lifetime of a flow in seconds: longer than a sign-in takes, shorter than a session. */
export const LONGEST_FLOW = 3600;

/**
 * Ensures that a flow is complete and not too old.
 *
 * @throws ClientAuthError `invalid_state`
 */
export function checkFlow(client: Client, flow: AuthCodeFlow, request: TokenRequest): void {
  const { usePkce, useNonce } = flow;
  const texts = [
    flow.state,
    flow.redirectUri,
    flow.authority,
    ...(usePkce === false ? [] : [flow.codeVerifier]),
    ...(useNonce === false ? [] : [flow.nonce]),
  ];
  if (texts.some((text) => typeof text !== "string" || text === "") || typeof flow.startedAt !== "number") {
    throw clientAuthError(
      "invalid_state",
      "The flow was not returned by initiateAuthCodeFlow(), or is incomplete: keep the whole object in the session.",
      request,
    );
  }
  if (client.clock.now() / 1000 - flow.startedAt > LONGEST_FLOW) {
    throw clientAuthError(
      "invalid_state",
      `The flow is older than ${LONGEST_FLOW} seconds: start a new one.`,
      request,
    );
  }
}
