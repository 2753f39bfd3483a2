import { LocalAuthorityConfigurationError } from "../config/checks.js";
import { AadstsError } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import { readBody } from "../server/request-steps.js";
import type { Hosting } from "../emulator/hosting.js";
import { parsedObject, type JsonObject } from "../json.js";
import type { Journal } from "../http/journal.js";
import type { Faults } from "../server/faults.js";
import type { AuthorityState } from "../state.js";

/** Everything that the console shows and changes. */
export interface ConsoleContext {
  readonly state: AuthorityState;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly hosting: Hosting;
  readonly caFile?: string;
  readonly instanceMetadataUrl?: string;
  readonly closing: AbortSignal;
  /** Differs for every start of an authority. */
  readonly run: string;
}

export type ConsoleEndpoint = (c: RequestContext, context: ConsoleContext) => Response | Promise<Response>;

/** The members of a JSON object that a caller sent. */
export type Input = JsonObject;

/** Reads the body of a request. @throws {LocalAuthorityConfigurationError} if it is not a JSON object */
export async function readInput(c: RequestContext): Promise<Input> {
  const text = await readBody(c.req.raw);
  const value = parsedObject(text ?? "");
  if (value) return value;
  throw new LocalAuthorityConfigurationError("body", undefined, "send a JSON object of at most a megabyte");
}

/** The identifier at the end of a path, which is a number. */
export function readId(c: RequestContext): number {
  return Number(c.req.param("id") ?? NaN);
}

export function notFound(what: string): Response {
  return Response.json({ error: "not_found", error_description: `There is no ${what}.` }, { status: 404 });
}

/** Turns what the caller did wrong into a response. Other errors are bugs, and are thrown. */
export function errorResponse(error: unknown): Response {
  const isMistake =
    error instanceof LocalAuthorityConfigurationError ||
    error instanceof RangeError ||
    error instanceof AadstsError;
  if (!isMistake) throw error;
  return Response.json({ error: "invalid_request", error_description: error.message }, { status: 400 });
}
