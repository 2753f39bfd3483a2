import { withinBounds } from "../flight/deadline.js";
import { inOwnTime } from "../http/shared-work.js";
import type { Call } from "../http/transport.js";
import { checkFieldTypes } from "../request/field-types.js";
import { flightKey } from "../request/request-keys.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import type { Client } from "../client/client.js";

/** The context of the requests of a call that other callers may share. */
export interface SharedCall extends Call {
  /** Keeps {@link Call.signal} from aborting until the returned function is called, although every caller leaves. */
  readonly hold?: () => () => void;
  /** Called when something is sent whose failure may be the provider's. */
  readonly onSend?: (() => void) | undefined;
}

/**
 * Runs a network acquisition that equal concurrent calls share (single flight). Each caller keeps its own deadline,
 * abort signal, and correlation id in the result or error.
 *
 * @param flow values that must be equal in equal calls besides the fields of the request: the flow's name, its
 * authority, values the flow generates
 * @param acquire sends the first caller's correlation id; its signal aborts when every caller has left, unless the
 * call is held
 * @throws ClientAuthError `request_timeout`, `request_aborted`; ClientConfigurationError `invalid_option` for a field of
 * the wrong type
 */
export function sharedCall(
  client: Client,
  request: TokenRequest,
  flow: readonly unknown[],
  acquire: (call: SharedCall, key: string) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  const { correlationId } = request;
  checkFieldTypes(request.given, correlationId);
  return withinBounds(request, async (signal) => {
    const key = flightKey(request.given, flow);
    const leader = client.flights.leaderOf(key);
    if (leader !== undefined)
      client
        .logger()
        .verbose(`Waiting for the outcome of an equal call, ${leader.correlationId}.`, correlationId);
    const start = (
      shared: AbortSignal | undefined,
      hold: () => () => void,
      budget = client.transport.budget(),
    ): Promise<AuthenticationResult> =>
      acquire(
        {
          correlationId,
          signal: shared,
          hold,
          budget,
          // Named although they are set later: a copy with another member takes ten times as long as one without.
          tally: undefined,
          onSend: undefined,
        },
        key,
      );
    // The time of a call that is no step of another one begins with its work, and is enough for those who join.
    const own = request.budget ?? (leader?.time && client.transport.budget());
    const result = await (own
      ? inOwnTime(
          client.flights,
          { correlationId, signal, budget: own },
          {
            key,
            what: "token",
            start: (time, waiting, hold) => start(waiting, hold, time),
          },
        )
      : client.flights.run(key, signal, start, request));
    return result.correlationId === correlationId ? result : resultFor(result, correlationId);
  });
}

/** Gives each caller its own copy of the mutable fields. */
function resultFor(result: AuthenticationResult, correlationId: string): AuthenticationResult {
  const { scopes, account } = result;
  return { ...result, scopes: scopes.slice(), account: account ? { ...account } : account, correlationId };
}
