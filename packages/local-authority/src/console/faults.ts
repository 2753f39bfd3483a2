import { LocalAuthorityConfigurationError, checkKeys } from "../config/checks.js";
import { endpointNames, type RecordedRequest } from "../http/journal.js";
import type { RequestContext } from "../http/request-context.js";
import { isObject } from "../json.js";
import type { ActiveFault, Fault } from "../server/faults.js";
import { notFound, readId, readInput, type ConsoleContext, type Input } from "./console-context.js";
import { mergePatch } from "./merge-patch.js";

/** The faults that wait for requests. */
export function listFaults(c: RequestContext, { faults }: ConsoleContext): Response {
  return c.json({ endpoints: endpointNames, faults: faults.list().map(describeFault) });
}

/** Adds a fault, described as JSON. */
export async function addFault(c: RequestContext, { faults }: ConsoleContext): Promise<Response> {
  const input = await readInput(c);
  const fault = readFault(input);
  described.set(fault, input);
  const { id } = faults.add(fault);
  return c.json({ id, hits: 0, ...input }, 201);
}

export function clearFaults(c: RequestContext, { faults }: ConsoleContext): Response {
  for (const { id } of faults.list()) faults.remove(id);
  return c.body(null, 204);
}

export function clearFault(c: RequestContext, { faults }: ConsoleContext): Response {
  return faults.remove(readId(c)) ? c.body(null, 204) : notFound("fault with this id that still waits");
}

/** What a caller sent, to be shown unchanged. */
const described = new WeakMap<Fault, Input>();

function describeFault({ id, hits, fault }: ActiveFault): object {
  const { match, rewrite, times = 1, ...rest } = fault;
  const own = {
    ...rest,
    match: typeof match === "function" ? "a function" : String(match),
    times: Number.isFinite(times) ? times : "always",
    ...(rewrite === undefined ? {} : { rewrite: "a function" }),
  };
  return { id, hits, ...(described.get(fault) ?? own) };
}

const keys = ["match", "where", "times", "status", "headers", "body", "rewrite", "delayMs", "reset"];

/** @throws {LocalAuthorityConfigurationError} for a field that is wrong; `faults.add` checks the others */
function readFault(input: Input): Fault {
  checkKeys("fault", input, keys);
  const { match, where, times, rewrite, reset, body, headers, ...rest } = input;
  checkTexts("where", where);
  checkTexts("headers", headers);
  if (match !== undefined && !endpointNames.some((name) => name === match)) {
    throw new LocalAuthorityConfigurationError(
      "fault.match",
      match,
      `omit it for any endpoint, or use one of ${endpointNames.join(", ")}`,
    );
  }
  if (body !== undefined && typeof body !== "string") {
    throw new LocalAuthorityConfigurationError("fault.body", body, "use a string, which is sent unchanged");
  }
  for (const [name, value] of Object.entries({ times, ...rest })) {
    if (typeof value === "number" || value === undefined || value === "always") continue;
    throw new LocalAuthorityConfigurationError(`fault.${name}`, value, "use a number");
  }
  if (rewrite !== undefined && (typeof rewrite !== "object" || rewrite === null)) {
    throw new LocalAuthorityConfigurationError("fault.rewrite", rewrite, "use an object (RFC 7396)");
  }
  const conditions = Object.entries((where ?? {}) as Readonly<Record<string, string>>);
  return {
    ...(rest as Pick<Fault, "status" | "delayMs">),
    match: ({ endpoint, query, form }: RecordedRequest) =>
      (match === undefined || match === endpoint) &&
      conditions.every(([name, value]) => (form[name] ?? query[name]) === value),
    ...(headers === undefined ? {} : { headers: headers as Readonly<Record<string, string>> }),
    ...(body === undefined ? {} : { body }),
    ...(times === undefined ? {} : { times: times === "always" ? Infinity : Number(times) }),
    ...(reset === true ? { reset } : {}),
    ...(rewrite === undefined ? {} : { rewrite: (json) => mergePatch(json, rewrite) }),
  };
}

function checkTexts(name: string, value: unknown): void {
  if (value === undefined) return;
  if (isObject(value) && Object.values(value).every((text) => typeof text === "string")) return;
  throw new LocalAuthorityConfigurationError(`fault.${name}`, value, "use an object of strings");
}
