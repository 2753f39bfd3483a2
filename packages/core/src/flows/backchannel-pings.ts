import { isObject, newGuid, parseJsonObject } from "../encoding.js";
import { sameText } from "../response/same-text.js";

/** A notification of the provider, as it came to the app's own endpoint. */
export interface BackchannelNotification {
  /** Value of the header `Authorization`. */
  readonly authorization: string | null | undefined;
  /** The body, as text or parsed. */
  readonly body: unknown;
}

/** One call that a notification may tell of the user's decision. */
export interface ExpectedPing {
  /** `client_notification_token`, by which the provider proves itself. */
  readonly token: string;
  /** Aborts when the notification has come. */
  readonly decided: AbortSignal;
  /** Names the request once its ID is known. */
  readonly isFor: (authReqId: string) => void;
  /** Ends the wait for the notification. */
  readonly end: () => void;
}

interface Waiting {
  readonly token: string;
  readonly decide: AbortController;
  /** Unknown until the provider has answered the request. */
  authReqId?: string;
  /** The ID in a notification that overtook that answer. */
  early?: string;
}

/** The calls of an application that wait for a notification of the provider (OpenID CIBA §10.2). */
export class BackchannelPings {
  readonly #waiting = new Set<Waiting>();

  /** Begins to wait, before the request is sent: the notification may overtake its answer. */
  expect(): ExpectedPing {
    const decide = new AbortController();
    const waiting: Waiting = { token: newGuid() + newGuid(), decide };
    this.#waiting.add(waiting);
    return {
      token: waiting.token,
      decided: decide.signal,
      isFor: (authReqId) => {
        waiting.authReqId = authReqId;
        if (waiting.early === authReqId) decide.abort();
      },
      end: () => void this.#waiting.delete(waiting),
    };
  }

  /**
   * Passes a notification on to the call that waits for it. Its token is compared in constant time.
   *
   * @returns whether a call waits for it
   */
  receive({ authorization, body }: BackchannelNotification): boolean {
    const [, token = ""] = /^bearer (\S+)$/i.exec(authorization ?? "") ?? [];
    const content = typeof body === "string" ? parseJsonObject(body) : body;
    const authReqId = isObject(content) ? content["auth_req_id"] : undefined;
    if (typeof authReqId !== "string" || token === "") return false;
    let isExpected = false;
    for (const waiting of this.#waiting) {
      if (!sameText(waiting.token, token)) continue;
      if (waiting.authReqId === undefined) waiting.early = authReqId;
      else if (waiting.authReqId !== authReqId) continue;
      else waiting.decide.abort();
      isExpected = true;
    }
    return isExpected;
  }
}
