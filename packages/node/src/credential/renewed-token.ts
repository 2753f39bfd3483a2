import { epochSeconds, SingleFlight, systemClock, type AssertionContext } from "@tessera/core/internal";
import { expiryOf } from "./jwt.js";

/** The context of an assertion that is not for a call. */
export const NO_CONTEXT: AssertionContext = { clientId: "" };

/** How long before its expiry a token is fetched again, in seconds; half of its remaining life if that is shorter. */
const RENEW_BEFORE_END = 60;

interface Known {
  readonly jwt: string;
  readonly renewAt: number;
  readonly expiresAt: number;
}

/**
 * Keeps a token that a host issues until shortly before it expires, and fetches the next one once for all callers. If the
 * fetch fails, the known token is used for the rest of its life. A token that the server has refused is not used again.
 *
 * @param fetchToken the signal of its context aborts when no caller waits any more
 */
export function renewedToken(
  fetchToken: (context?: AssertionContext) => Promise<string>,
): (context?: AssertionContext) => Promise<string> {
  let known: Known | undefined;
  const flights = new SingleFlight();

  const fetchNext = async (context?: AssertionContext): Promise<string> => {
    const jwt = await fetchToken(context);
    const now = epochSeconds(systemClock);
    const expiresAt = expiryOf(jwt, now);
    known =
      expiresAt === undefined
        ? undefined
        : { jwt, expiresAt, renewAt: expiresAt - Math.min(RENEW_BEFORE_END, (expiresAt - now) / 2) };
    return jwt;
  };

  return async (context) => {
    if (known !== undefined && known.jwt === context?.refusedAssertion) known = undefined;
    const usable = known;
    const now = epochSeconds(systemClock);
    if (usable && now < usable.renewAt) return usable.jwt;
    try {
      return await flights.run("next", context?.signal, (signal) =>
        fetchNext(context && { ...context, signal }),
      );
    } catch (error) {
      if (usable && epochSeconds(systemClock) < usable.expiresAt) return usable.jwt;
      throw error;
    }
  };
}
