/** The most requests to one host at once, and so the most connections. */
export const MOST_CONNECTIONS = 50;

/**
 * Limits the requests that a pool sends to one host at once; more wait in the order they came, within their own deadlines. A
 * host that refuses further connections gets fewer, and more again as it answers.
 */
export class Lanes {
  readonly #most: number;
  readonly #lanes = new Map<string, Lane>();

  constructor(most = MOST_CONNECTIONS) {
    this.#most = most;
  }

  /**
   * Takes a lane to an origin. Returns a promise only if there is none free.
   *
   * @throws the signal's reason when it has aborted; {@link noFreeConnection} when it aborts before there is one
   */
  enter(origin: string, signal: AbortSignal): Promise<void> | undefined {
    signal.throwIfAborted();
    const lane = this.#lanes.get(origin) ?? this.#create(origin);
    if (lane.used < lane.limit) {
      lane.used += 1;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const waiter = {
        go: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      const leave = (): void => {
        lane.waiting.delete(waiter);
        reject(noFreeConnection(origin));
      };
      lane.waiting.add(waiter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /**
   * Gives a lane back.
   *
   * @returns whether nobody uses the origin any more
   */
  leave(origin: string): boolean {
    const lane = this.#lanes.get(origin);
    if (!lane) return true;
    lane.used -= 1;
    this.#admit(lane);
    if (lane.used > 0 || lane.limit < this.#most) return lane.used === 0;
    this.#lanes.delete(origin);
    return true;
  }

  /** The number of lanes to an origin in use. */
  usedTo(origin: string): number {
    return this.#lanes.get(origin)?.used ?? 0;
  }

  /** Notes an answer: after as many as there are lanes, one more may be tried. */
  answered(origin: string): void {
    const lane = this.#lanes.get(origin);
    if (!lane || lane.limit === this.#most) return;
    lane.answers += 1;
    if (lane.answers < lane.limit) return;
    lane.answers = 0;
    lane.limit += 1;
    this.#admit(lane);
  }

  /**
   * Notes that a connection beside others was refused.
   *
   * @param open the connections that there are
   */
  refused(origin: string, open: number): void {
    const lane = this.#lanes.get(origin);
    if (!lane) return;
    lane.limit = Math.max(1, Math.min(lane.limit, open));
    lane.answers = 0;
  }

  #create(origin: string): Lane {
    const lane = { limit: this.#most, used: 0, answers: 0, waiting: new Set<Waiter>() };
    this.#lanes.set(origin, lane);
    return lane;
  }

  #admit(lane: Lane): void {
    for (const waiter of lane.waiting) {
      if (lane.used >= lane.limit) return;
      lane.waiting.delete(waiter);
      lane.used += 1;
      waiter.go();
    }
  }
}

/** The error of a request that was not sent because all connections were in use. It says nothing about the host. */
export function noFreeConnection(origin: string): Error {
  const text = `none of the connections to ${origin} was free in time (system.maxConnections)`;
  return Object.assign(new Error(text), { isUnsent: true, hasOnlyWaited: true });
}

interface Waiter {
  readonly go: () => void;
}

interface Lane {
  /** At most this many at once. */
  limit: number;
  used: number;
  /** Answers since the limit last changed. */
  answers: number;
  readonly waiting: Set<Waiter>;
}
