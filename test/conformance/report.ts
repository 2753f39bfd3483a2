/** How a module ended. */
export interface Outcome {
  readonly plan: string;
  readonly settings: string;
  readonly module: string;
  readonly result: "passed" | "failed" | "does not apply";
  /** Why a module does not apply. */
  readonly why?: string;
}

/** Returns what to print at the end: a line for each plan and variant, then each module that was not played, and why. */
export function report(outcomes: readonly Outcome[]): string {
  const lines = [...grouped(outcomes, ({ plan, settings }) => `${plan} (${settings})`)].map(
    ([title, of]) => `  ${title}: ${counts(of)}`,
  );
  const notPlayed = outcomes.filter(({ result }) => result !== "passed");
  const reasons = [...grouped(notPlayed, ({ result, why }) => (why ? `${result}: ${why}` : result))].map(
    ([why, of]) => `  ${why}\n${[...new Set(of.map(({ module }) => `    ${module}\n`))].join("")}`,
  );
  return [`OpenID Foundation, plans for relying parties: ${counts(outcomes)}`, ...lines, ...reasons, ""].join(
    "\n",
  );
}

function counts(outcomes: readonly Outcome[]): string {
  return [...grouped(outcomes, ({ result }) => result)]
    .map(([result, of]) => `${of.length} ${result}`)
    .join(", ");
}

function grouped<T>(items: readonly T[], by: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return groups;
}
