import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import type { HeldTurn } from "../cache/storage/held-turn.js";
import type { Client } from "../client/client.js";
import { flightKey } from "../request/request-keys.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { accounted, accountedFor } from "./accounted.js";
import { notedFailure } from "./noted-failure.js";
import { sharedCall, type SharedCall, type Sharing } from "./shared-call.js";

/**
 * One token acquisition whose authority is resolved: the context of every step from the token request to the cache.
 */
export interface Exchange {
  readonly client: Client;
  readonly authority: Authority;
  readonly request: TokenRequest;
  readonly call: SharedCall;
  /** The turn in which the exchange runs, if it shares a store with other processes. */
  readonly turn?: HeldTurn | undefined;
}

/** Identifies a shared exchange, together with the fields of the request: equal concurrent exchanges run once. */
export interface Shared extends Sharing {
  readonly url: AuthorityUrl;
}

/**
 * Resolves the authority and runs an exchange with it. Equal concurrent calls share the exchange; see {@link
 * sharedCall}. After a failure, equal calls are answered locally for a while; see {@link Failures}.
 *
 * @throws ClientAuthError `endpoints_resolution_error`, `request_timeout`, `request_aborted`
 */
export function sharedExchange(
  client: Client,
  request: TokenRequest,
  { url, flow, isRepeatable }: Shared,
  run: (exchange: Exchange) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  return accountedFor(() =>
    sharedCall(client, request, { flow: sharedBy({ url, flow }), isRepeatable }, (shared, key) =>
      accounted(shared, (accountedCall) =>
        notedFailure(client, accountedCall, key, async (call) => {
          const { authorities } = client;
          const authority = authorities.resolved(url) ?? (await authorities.resolve(url, call));
          return run({ client, authority, request, call, turn: undefined });
        }),
      ),
    ),
  );
}

/** Returns the key of an exchange, by which its failures are remembered. */
export function exchangeKey(request: TokenRequest, shared: Shared): string {
  return flightKey(request.given, sharedBy(shared));
}

function sharedBy({ url, flow }: Shared): readonly unknown[] {
  return [flow[0], url.href, ...flow.slice(1)];
}
