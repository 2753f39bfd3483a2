/**
 * How many times as long eight times the work takes: about 8 for linear work, about 64 for quadratic. Sizes take turns, and
 * the quickest run of each counts, so that other load on the machine does not matter.
 *
 * @param size large enough that the work takes about a millisecond
 */
export async function growth(size: number, work: (size: number) => unknown): Promise<number> {
  const best = { small: Infinity, large: Infinity };
  for (let run = 0; run < 7; run += 1) {
    best.small = Math.min(best.small, await timed(() => work(size)));
    best.large = Math.min(best.large, await timed(() => work(size * 8)));
  }
  // Below a millisecond the clock, and not the work, is measured.
  return best.large / Math.max(1, best.small);
}

/** The growth of linear work stays below this, that of quadratic work does not. */
export const LINEAR = 24;

async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
