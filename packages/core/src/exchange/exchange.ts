import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import type { HeldTurn } from "../cache/storage/held-turn.js";
import type { Client } from "../client/client.js";
import type { Call } from "../http/transport.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { accounted, accountedFor } from "./accounted.js";
import { sharedCall } from "./shared-call.js";

/**
 * One token acquisition whose authority is resolved: the context of every step from the token request to the cache.
 */
export interface Exchange {
  readonly client: Client;
  readonly authority: Authority;
  readonly request: TokenRequest;
  readonly call: Call;
  /** The turn in which the exchange runs, if it shares a store with other processes. */
  readonly turn?: HeldTurn | undefined;
}

/** Identifies a shared exchange, together with the fields of the request: equal concurrent exchanges run once. */
export interface Shared {
  readonly url: AuthorityUrl;
  /** The flow's name, and its values from outside the request. */
  readonly flow: readonly unknown[];
}

/**
 * Resolves the authority and runs an exchange with it. Equal concurrent calls share the exchange; see {@link
 * sharedCall}.
 *
 * @throws ClientAuthError `endpoints_resolution_error`, `request_timeout`, `request_aborted`
 */
export function sharedExchange(
  client: Client,
  request: TokenRequest,
  { url, flow }: Shared,
  run: (exchange: Exchange) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  const equal = [flow[0], url.href, ...flow.slice(1)];
  return accountedFor(() =>
    sharedCall(client, request, equal, (shared) =>
      accounted(shared, async (call) => {
        const authority = await client.authorities.resolve(url, call);
        return run({ client, authority, request, call });
      }),
    ),
  );
}
