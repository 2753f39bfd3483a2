import { LocalAuthorityConfigurationError, checkKeys } from "../config/checks.js";
import type { RequestContext } from "../http/request-context.js";
import { readInput, type ConsoleContext } from "./console-context.js";

/** The authority's time, and how far it is from the real one in seconds. */
export function showClock(c: RequestContext, { state: { clock } }: ConsoleContext): Response {
  return c.json({ now: new Date(clock.milliseconds()).toISOString(), offset: clock.offset() });
}

/** Moves the clock by `advance` seconds. */
export async function advanceClock(c: RequestContext, context: ConsoleContext): Promise<Response> {
  const input = await readInput(c);
  checkKeys("", input, ["advance"]);
  const { advance } = input;
  if (typeof advance !== "number") {
    throw new LocalAuthorityConfigurationError("advance", advance, "use a number of seconds");
  }
  context.state.clock.advance(advance);
  return showClock(c, context);
}

/** Returns to the time of the start. */
export function resetClock(c: RequestContext, context: ConsoleContext): Response {
  const { clock } = context.state;
  clock.advance(-clock.offset());
  return showClock(c, context);
}
