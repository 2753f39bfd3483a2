import { errorText } from "@tessera/core/internal";
import { inTime } from "../in-time.js";
import type { Subject, Wire, WireKind, WireSource } from "./wire.js";

/** `"connecting"`: nothing is heard yet, and nothing may be remembered. `"age"`: nothing will be heard. */
export type FeedState = "connecting" | WireKind | "age";

/** The events of a feed. */
export interface FeedEvents {
  readonly changed: (keys: readonly string[] | undefined) => void;
  /** What is heard has begun or ended: what is remembered from before is worth nothing. */
  readonly turned: () => void;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;
/** Until the server is asked again for what it has refused. */
const REFUSED_RETRY_MS = 60_000;
/** After so many vain attempts, versions are remembered for a while although nothing is heard. */
const VAIN_ATTEMPTS = 3;
/** A feed does not keep the process running. */
const OPENING = { limitMs: 5_000, isBackground: true };
const HEARTBEAT_MS = 10_000;

/** Receives the changes at one server, over one connection after another. */
export class Feed {
  readonly #source: WireSource;
  readonly #subject: Subject;
  readonly #events: FeedEvents;
  #state: FeedState = "connecting";
  #isClosed = false;
  #attempts = 0;
  #wire: Wire | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: WireSource, subject: Subject, events: FeedEvents) {
    this.#source = source;
    this.#subject = subject;
    this.#events = events;
    void this.#connect();
  }

  get state(): FeedState {
    return this.#state;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#wire?.close();
  }

  async #connect(): Promise<void> {
    try {
      await this.#listen("tracking").catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        return this.#listen("messages");
      });
    } catch (error) {
      if (this.#isClosed) return;
      this.#attempts += 1;
      const isRefused = isRefusal(error);
      this.#turn(isRefused || this.#attempts >= VAIN_ATTEMPTS ? "age" : "connecting");
      this.#later(
        isRefused ? REFUSED_RETRY_MS : Math.min(FIRST_RETRY_MS * 2 ** this.#attempts, LONGEST_RETRY_MS),
        () => void this.#connect(),
      );
    }
  }

  async #listen(kind: WireKind): Promise<void> {
    const life = { isUp: false, isDown: false };
    const down = (): void => {
      const wasUp = life.isUp;
      life.isUp = false;
      life.isDown = true;
      // Before it was up, the attempt itself fails.
      if (wasUp) this.#lost();
    };
    const changed = (keys: readonly string[] | undefined): void => {
      if (life.isUp && !this.#isClosed) this.#events.changed(keys);
    };
    const opening = this.#source.open(kind, this.#subject, { changed, down });
    const wire = await inTime(opening, { ...OPENING, onLate: (late) => late.close() });
    if (life.isDown || this.#isClosed) {
      wire.close();
      throw new Error("The connection was lost while it was set up.");
    }
    life.isUp = true;
    this.#wire = wire;
    this.#attempts = 0;
    this.#turn(kind, true);
    this.#beat(wire);
  }

  #lost(): void {
    this.#wire?.close();
    this.#wire = undefined;
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#turn("connecting", true);
    this.#later(FIRST_RETRY_MS, () => void this.#connect());
  }

  /** A connection that was cut off silently says nothing, not even that. */
  #beat(wire: Wire): void {
    this.#later(HEARTBEAT_MS, () => {
      inTime(wire.ping(), OPENING).then(
        () => {
          if (this.#wire === wire) this.#beat(wire);
        },
        () => {
          if (this.#wire === wire) this.#lost();
        },
      );
    });
  }

  #turn(state: FeedState, isAnew = state !== this.#state): void {
    this.#state = state;
    if (isAnew) this.#events.turned();
  }

  #later(delayMs: number, work: () => void): void {
    clearTimeout(this.#timer);
    // Processes that lost a server together do not come back together.
    this.#timer = setTimeout(work, delayMs * (0.75 + Math.random() / 2)).unref();
  }
}

/** Whether the server does not allow or know what it was asked for, so that asking again is of no use soon. */
function isRefusal(error: unknown): boolean {
  return /^(?:NOPERM|NOPROTO|ERR) /.test(errorText(error));
}
