/** Below this many milliseconds nothing is measured but the clock. */
const NOISE_MS = 5;

/** How many times as much input {@link growth} compares. */
export const TIMES = 16;

/** Between what linear work grows by, 16 (more where memory gets short), and what quadratic work grows by, 256. */
export const MOST_GROWTH = 80;

/**
 * How many times as much of the processor's time a piece of work takes for {@link TIMES} times the input. The large input
 * comes first and warms up for the small one. The least of three runs counts; a run with less growth than `most` is the
 * last. Work that is too quick to be measured has not grown.
 *
 * @param size of the smaller input
 */
export async function growth(
  work: (size: number) => unknown,
  size: number,
  most = MOST_GROWTH,
): Promise<number> {
  const once = await cost(() => work(size * TIMES));
  if (once < NOISE_MS * 4) return 1;
  const small = Math.max(await least(3, NOISE_MS, () => work(size)), NOISE_MS);
  if (once < small * most) return once / small;
  return Math.min(once, await least(2, small * most, () => work(size * TIMES))) / small;
}

/** The least cost of some runs, of which one that costs less than `enough` is the last. */
async function least(runs: number, enough: number, work: () => unknown): Promise<number> {
  let lowest = Infinity;
  for (let run = 0; run < runs && lowest >= enough; run += 1) lowest = Math.min(lowest, await cost(work));
  return lowest;
}

/** The processor's milliseconds for some work. */
async function cost(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
