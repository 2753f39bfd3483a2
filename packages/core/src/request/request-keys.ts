import { clientConfigurationError } from "../errors/errors.js";
import { wrongType } from "./field-types.js";
import { type FlightPart, type RequestField } from "./request-field.js";
import { CHOOSERS, REQUEST_FIELDS } from "./request-fields.js";

/** What a token is bound to besides its scopes, by MSAL's names (`additionalCacheKeyComponents`). */
export type Components = Readonly<Record<string, string>>;

/** A request as the caller passed it. */
export type GivenRequest = Readonly<Record<string, unknown>>;

const rows: readonly (readonly [string, RequestField])[] = Object.entries(REQUEST_FIELDS);

/** The fields that choose a token, with their component. One map, because every call looks its fields up in it. */
const CHOICES = new Map(
  rows.flatMap(([field, { cacheKey }]) => {
    const part = typeof cacheKey === "object" && "component" in cacheKey ? cacheKey : undefined;
    const isChooser = CHOOSERS.has(field);
    return part || isChooser ? [[field, { part, isChooser }] as const] : [];
  }),
);

const FLIGHT_PARTS: ReadonlyMap<string, FlightPart> = new Map(
  rows.flatMap(([field, { flightKey }]) =>
    typeof flightKey === "function" ? [[field, flightKey] as const] : [],
  ),
);

/**
 * Returns the cache key components of a request, or `undefined` (at no cost) when it has none.
 *
 * @throws ClientConfigurationError `invalid_option` for an empty text that would choose another token
 */
export function componentsOf(given: GivenRequest, correlationId = ""): Components | undefined {
  let components: Record<string, string> | undefined;
  for (const field in given) {
    const choice = CHOICES.get(field);
    if (!choice) continue;
    const { part, isChooser } = choice;
    const value = given[field];
    if (isChooser && value === "") throw emptyChoice(field, correlationId);
    const component = part?.of(value);
    if (part && component !== undefined) (components ??= {})[part.component] = component;
    // Otherwise the token would be cached under the key of a request without this field.
    else if (part && isChooser && value != null) throw wrongType(field, value, "a string", correlationId);
  }
  return components;
}

/** The error for an empty text in a field that chooses a token or user. */
export function emptyChoice(field: string, correlationId = ""): Error {
  return clientConfigurationError(
    "invalid_option",
    `${field} is an empty text, which chooses nothing: pass a value, or omit the field.`,
    { correlationId },
  );
}

/**
 * Returns the cache key components of app-only and on-behalf-of tokens. For a user's own tokens, MSAL compares
 * `resource` with a field of the token; for these it would accept a token for any resource, so `resource` becomes a
 * component.
 */
export function isolated({ components, resource }: IsolatedBy): Components | undefined {
  return resource ? { ...components, resource } : components;
}

interface IsolatedBy {
  readonly components?: Components | undefined;
  readonly resource?: string | undefined;
}

/**
 * Returns the key under which equal calls share one request: the flow, and every field with a flight part in the
 * table.
 *
 * @param flow values from outside the request, such as the flow's name, its authority and any value the flow
 * generates
 */
export function flightKey(given: GivenRequest, flow: readonly unknown[]): string {
  const parts: (readonly [string, unknown])[] = [];
  // The fields that there are, because there could be many more.
  for (const field in given) {
    const part = FLIGHT_PARTS.get(field);
    const value = given[field];
    if (part && value !== undefined) parts.push([field, part(value)]);
  }
  parts.sort(([a], [b]) => (a < b ? -1 : 1));
  const all = [...flow, parts];
  return areEqualIfSame(all) ? JSON.stringify(all) : JSON.stringify(all, comparable);
}

/** Whether JSON without a replacer, which takes a tenth of the time, serializes equal values equally. */
function areEqualIfSame(values: readonly unknown[]): boolean {
  return values.every((value) =>
    Array.isArray(value) ? areEqualIfSame(value) : PLAIN.has(typeof value) || value === null,
  );
}

const PLAIN: ReadonlySet<string> = new Set(["string", "number", "boolean", "undefined"]);

/**
 * JSON replacer that serializes equal values equally: object members are sorted, and functions are compared by
 * identity.
 */
function comparable(_name: string, value: unknown): unknown {
  if (typeof value === "function") return `function ${identityOf(value)}`;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

function identityOf(value: object): number {
  let identity = identities.get(value);
  if (identity === undefined) {
    identity = lastIdentity += 1;
    identities.set(value, identity);
  }
  return identity;
}
