import { pause, systemClock } from "@tessera/core/internal";
import type { CommandFailure } from "./failure.js";

/** How {@link SentAgain} decides. */
export interface SendingAgain {
  readonly failureOf: (error: unknown) => CommandFailure;
  /** Whether a failure may be over in a moment. */
  readonly mayPass: (failure: CommandFailure) => boolean;
  readonly random: () => number;
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 160;

/**
 * A command that is sent again while its failure may be over in a moment: a slot is without a master during a failover, and
 * clients that learn of the new one close connections with commands on them. Whether the server has executed such a command
 * is unknown, so only commands that may be executed twice are sent this way. Those of the store may: a lease knows its
 * token, a value its version, and an index the score.
 */
export class SentAgain<T> {
  readonly #send: () => Promise<T>;
  readonly #how: SendingAgain;
  #isOver = false;
  #failure: CommandFailure | undefined;

  constructor(send: () => Promise<T>, how: SendingAgain) {
    this.#send = send;
    this.#how = how;
  }

  /** The failure after which it is about to be sent again; `undefined` while an answer is awaited. */
  get failure(): CommandFailure | undefined {
    return this.#failure;
  }

  /** @throws the first failure that will not pass, or the last one before its end */
  async run(): Promise<T> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      this.#failure = undefined;
      try {
        return await this.#send();
      } catch (error) {
        const failure = this.#how.failureOf(error);
        if (this.#isOver || !this.#how.mayPass(failure)) throw error;
        this.#failure = failure;
        // Commands that failed together are not sent again together.
        await pause(systemClock, pauseMs * (0.5 + this.#how.random()), undefined);
        if (this.#isOver) throw error;
      }
    }
  }

  /** Its time is up: it is not sent again. */
  end(): void {
    this.#isOver = true;
  }
}
