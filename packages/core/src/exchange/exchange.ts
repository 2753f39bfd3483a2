import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import type { Client } from "../client/client.js";
import type { Call } from "../http/transport.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { sharedCall } from "./shared-call.js";

/** One acquisition, once its authority is resolved: what every step from the token request to the cache needs. */
export interface Exchange {
  readonly client: Client;
  readonly authority: Authority;
  readonly request: TokenRequest;
  readonly call: Call;
}

/** What an exchange is shared by: two that are equal in all of it, and in the fields of their requests, are one. */
export interface Shared {
  readonly url: AuthorityUrl;
  /** The flow's name, and what it knows beside the request. */
  readonly flow: readonly unknown[];
}

/**
 * Resolves the authority and runs an exchange there; equal ones that overlap share it. See {@link sharedCall}.
 *
 * @throws ClientAuthError `endpoints_resolution_error`, `request_timeout`, `request_aborted`
 */
export function sharedExchange(
  client: Client,
  request: TokenRequest,
  { url, flow }: Shared,
  run: (exchange: Exchange) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  return sharedCall(client, request, [flow[0], url.href, ...flow.slice(1)], async (call) => {
    const authority = await client.authorities.resolve(url, call);
    return run({ client, authority, request, call });
  });
}
