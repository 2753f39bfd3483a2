// How long a call takes. Contenders take turns, batch by batch, so that whatever else the machine does meets them alike.

/** Long enough for each batch to pay for the rubbish it makes. */
const BATCH_NS = 25e6;

/**
 * Times some asynchronous functions against each other.
 *
 * Each is called one after the other, awaited, in batches of about 25 ms; the number of calls in a batch is found out
 * while it warms up. A figure is the median over the batches of the mean within a batch.
 *
 * @param {Record<string, (i: number) => Promise<unknown>>} contenders by name; `i` counts the calls
 * @param {{ seconds: number, watch?: typeof stopwatch }} budget how long each contender is measured, warm-up aside, and by
 * which watch
 * @returns {Promise<Record<string, Timing>>} nanoseconds per call
 *
 * @typedef {{ median: number, low: number, high: number, batches: number, calls: number }} Timing
 */
export async function measure(contenders, { seconds, watch = stopwatch }) {
  globalThis.gc?.();
  const runners = [];
  for (const [name, call] of Object.entries(contenders)) {
    const runner = { name, call, watch, size: 1, calls: 0, spent: 0, means: [] };
    await warmUp(runner, seconds);
    runners.push(runner);
  }

  const end = seconds * 1e9;
  for (let round = 0; runners.some(({ spent, means }) => spent < end || means.length < 3); round += 1) {
    const order = round % 2 === 0 ? runners : [...runners].reverse();
    for (const runner of order) {
      if (runner.spent >= end && runner.means.length >= 3) continue;
      const spent = await batch(runner);
      runner.spent += spent;
      runner.means.push(spent / runner.size);
    }
  }
  return Object.fromEntries(runners.map(({ name, means, size }) => [name, timing(means, size)]));
}

/**
 * Starts to measure; the function it returns tells the nanoseconds since then. On a busy machine a piece of work also waits
 * for a processor; since nothing that is measured waits for anything else, the processor time then tells more than the clock.
 */
export function stopwatch() {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  return () => {
    const passed = Number(process.hrtime.bigint() - start);
    const { user, system } = process.cpuUsage(cpu);
    return Math.min(passed, (user + system) * 1000);
  };
}

/** The same for processor time alone, of all threads: also where work is left to a thread while nothing else happens. */
export function processorWatch() {
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) * 1000;
  };
}

/** The median of some numbers. */
export function median(numbers) {
  return quantile(numbers, 0.5);
}

async function warmUp(runner, seconds) {
  const until = Math.min(seconds, 0.5) * 1e9;
  for (let warm = 0; ;) {
    const spent = await batch(runner);
    warm += spent;
    if (spent < BATCH_NS / 2) runner.size *= 2;
    else if (warm >= until) return;
    else runner.size = Math.max(1, Math.round((runner.size * BATCH_NS) / spent));
  }
}

async function batch(runner) {
  const { call, size, watch } = runner;
  const first = runner.calls;
  runner.calls += size;
  const passed = watch();
  for (let i = 0; i < size; i += 1) await call(first + i);
  return passed();
}

function timing(means, size) {
  return {
    median: median(means),
    low: quantile(means, 0.25),
    high: quantile(means, 0.75),
    batches: means.length,
    calls: means.length * size,
  };
}

function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at % 1);
}
