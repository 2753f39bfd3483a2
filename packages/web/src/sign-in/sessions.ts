import type { Site } from "./site.js";
import { sessionInCookie, tokenKeyOf, type ReadSession } from "./session.js";

/** Reads the sessions of requests, each once. */
export interface Sessions {
  read(request: Request): Promise<ReadSession | undefined>;
}

/** Creates the reader of a site's sessions: the cookie says who, and the store whether the session has been ended. */
export function createSessions(site: Site): Sessions {
  const known = new WeakMap<Request, Promise<ReadSession | undefined>>();
  const read = async (request: Request): Promise<ReadSession | undefined> => {
    const found = await sessionInCookie(site, request);
    if (!found || !site.records || (await site.records.isAlive(found.session))) return found;
    return undefined;
  };
  return {
    read(request) {
      const earlier = known.get(request);
      if (earlier) return earlier;
      const reading = read(request);
      known.set(request, reading);
      return reading;
    },
  };
}

/** Ends a session and removes its tokens. Other sessions of the user keep theirs. */
export async function endSession(site: Site, id: string): Promise<void> {
  // First what lets the session in. Tokens that nobody can ask for any more are harmless, should removing them fail.
  await site.records?.end(id);
  await site.app.endOnBehalfOfSession(tokenKeyOf({ id }));
}
