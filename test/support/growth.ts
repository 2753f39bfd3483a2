/** Below this many milliseconds nothing is measured but the clock. */
const NOISE_MS = 5;

/** How many times as much input {@link growth} compares. */
export const TIMES = 16;

/** Between what linear work grows by, 16 (more where memory gets short), and what quadratic work grows by, 256. */
export const MOST_GROWTH = 80;

/**
 * How many times as much of the processor's time a piece of work takes for {@link TIMES} times the input. The least of
 * three runs counts, and the first of them warms up; a run with less growth than `most` is the last. Work that is too
 * quick to be measured has not grown.
 *
 * @param size of the smaller input
 */
export async function growth(
  work: (size: number) => unknown,
  size: number,
  most = MOST_GROWTH,
): Promise<number> {
  const small = Math.max(await cost(() => work(size), NOISE_MS), NOISE_MS);
  const large = await cost(() => work(size * TIMES), Math.max(NOISE_MS * 4, small * most));
  return large < NOISE_MS * 4 ? 1 : large / small;
}

/** The processor's milliseconds for some work, which is repeated until it takes less than `enough`. */
async function cost(work: () => unknown, enough: number): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < 3 && least >= enough; run += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}
