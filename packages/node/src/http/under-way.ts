/** Counts a client's open requests, including those that still wait for a connection, so that closing can wait for them. */
export class UnderWay {
  #round = newRound();

  /** Notes that a request begins. Returns what to call when it has ended. */
  begin(): () => void {
    const round = this.#round;
    round.count += 1;
    return () => {
      round.count -= 1;
      if (round.count === 0) round.end?.();
    };
  }

  /** Waits for the requests that are under way, and not for those that begin later. */
  async ended(): Promise<void> {
    const round = this.#round;
    this.#round = newRound();
    if (round.count === 0) return;
    await new Promise<void>((resolve) => {
      round.end = resolve;
    });
  }
}

interface Round {
  count: number;
  end: (() => void) | undefined;
}

function newRound(): Round {
  return { count: 0, end: undefined };
}
