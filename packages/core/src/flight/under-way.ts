/** Counts what is under way, such as open requests, so that closing can wait for it. */
export class UnderWay {
  #round = newRound();

  /** Notes that something begins. Returns a function to call when it has ended. */
  begin(): () => void {
    const round = this.#round;
    round.count += 1;
    return () => {
      round.count -= 1;
      if (round.count === 0) round.end?.();
    };
  }

  /** Waits for what is under way, but not for what begins later. */
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
