import { errorFor } from "../errors/errors.js";
import { withinBounds, type Bounds } from "../flight/deadline.js";
import type { Start } from "../flight/single-flight.js";
import { inOwnTime, type Leader } from "../http/shared-work.js";
import type { Call } from "../http/transport.js";
import { checkFieldTypes } from "../request/field-types.js";
import { flightKey } from "../request/request-keys.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import type { Client } from "../client/client.js";

/** The context of the requests of a call that other callers may share. */
export interface SharedCall extends Call {
  /** Keeps {@link Call.signal} from aborting until the returned function is called, even if every caller leaves. */
  readonly hold?: () => () => void;
  /** Called when the provider is about to be asked: from then on, a failure may be its own. */
  readonly onAsk?: (() => void) | undefined;
}

/** What makes calls equal, and whether they may run twice at once. */
export interface Sharing {
  /**
   * Values that must be equal in equal calls besides the fields of the request: the flow's name, its authority, values the flow
   * generates.
   */
  readonly flow: readonly unknown[];
  /** Whether the flow involves neither a user nor a grant that is good for one request only; see {@link inOwnTime}. */
  readonly isRepeatable?: boolean | undefined;
}

/**
 * Runs a network acquisition that equal concurrent calls share (single flight). Each caller keeps its own deadline,
 * abort signal, and correlation id in the result or error.
 *
 * @param acquire sends the first caller's correlation id; its signal aborts when every caller has left, unless the
 * call is held
 * @throws ClientAuthError `request_timeout`, `request_aborted`; ClientConfigurationError `invalid_option` for a field of
 * the wrong type
 */
export function sharedCall(
  client: Pick<Client, "flights" | "transport" | "logger">,
  request: Pick<TokenRequest, "given" | "budget" | keyof Bounds>,
  { flow, isRepeatable = false }: Sharing,
  acquire: (call: SharedCall, key: string) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  const { correlationId } = request;
  checkFieldTypes(request.given, correlationId);
  return withinBounds(request, async (signal) => {
    const key = flightKey(request.given, flow);
    // The time of a call begins with its first request, unless it waits for a step of another call.
    const { flights } = client;
    const leader = flights.leaderOf(key);
    const budget = request.budget ?? (leader?.budget ? client.transport.budget() : undefined);
    let hasJoined = true;
    const start: Start<AuthenticationResult> = (shared, hold) => {
      hasJoined = false;
      return acquire(
        {
          correlationId,
          signal: shared,
          hold,
          budget: budget ?? client.transport.budget(),
          // Listed although they are set later: a copy that adds a member takes ten times as long as one that does not.
          tally: undefined,
          onAsk: undefined,
        },
        key,
      );
    };
    const onJoin = (other: Leader): void =>
      client
        .logger()
        .verbose(`Waiting for the outcome of an equal call, ${other.correlationId}.`, correlationId);
    const own = { correlationId, signal, budget };
    if (leader && !isRepeatable) onJoin(leader);
    try {
      const result = await (isRepeatable
        ? inOwnTime(flights, own, { key, what: "token", start, onJoin })
        : flights.run(key, signal, start, own));
      return hasJoined ? resultFor(result, correlationId) : result;
    } catch (error) {
      throw errorFor(error, correlationId, hasJoined);
    }
  });
}

/** Gives each caller its own copy of the mutable fields. */
function resultFor(result: AuthenticationResult, correlationId: string): AuthenticationResult {
  const { scopes, account } = result;
  return { ...result, scopes: scopes.slice(), account: account ? { ...account } : account, correlationId };
}
