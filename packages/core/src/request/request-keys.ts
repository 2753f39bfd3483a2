import { clientConfigurationError } from "../errors/errors.js";
import { REQUEST_FIELDS, type FlightPart, type RequestField } from "./request-fields.js";

/** What a token is bound to beside its scopes, by the names that MSAL gives them: `additionalCacheKeyComponents`. */
export type Components = Readonly<Record<string, string>>;

/** A request as the caller made it. */
export type GivenRequest = Readonly<Record<string, unknown>>;

const rows: readonly (readonly [string, RequestField])[] = Object.entries(REQUEST_FIELDS);

const COMPONENTS = new Map(
  rows.flatMap(([field, { cacheKey }]) =>
    typeof cacheKey === "object" && "component" in cacheKey ? [[field, cacheKey] as const] : [],
  ),
);

const CHOOSERS = new Set(rows.flatMap(([field, { chooses }]) => (chooses ? [field] : [])));

const FLIGHT_PARTS: readonly (readonly [string, FlightPart])[] = rows.flatMap(([field, { flightKey }]) =>
  typeof flightKey === "function" ? [[field, flightKey] as const] : [],
);

/**
 * The components of the tokens that answer a request; `undefined`, without any work, for a request that has none.
 *
 * @throws ClientConfigurationError `invalid_option` for an empty text that would choose another token
 */
export function componentsOf(given: GivenRequest, correlationId = ""): Components | undefined {
  let components: Record<string, string> | undefined;
  for (const field in given) {
    if (given[field] === "" && CHOOSERS.has(field)) throw emptyChoice(field, correlationId);
    const part = COMPONENTS.get(field);
    const value = part?.of(given[field]);
    if (part && value !== undefined) (components ??= {})[part.component] = value;
  }
  return components;
}

/** The error for an empty text in a field that chooses among tokens or users. */
export function emptyChoice(field: string, correlationId = ""): Error {
  return clientConfigurationError(
    "invalid_option",
    `${field} is an empty text, which chooses nothing: pass a value, or leave the field out.`,
    { correlationId },
  );
}

/**
 * The components of tokens that are not a user's own. For users MSAL compares `resource` with the token's field; for apps
 * and on behalf of users it would take a token for any resource, unless that is a component.
 */
export function isolated({ components, resource }: IsolatedBy): Components | undefined {
  return resource ? { ...components, resource } : components;
}

interface IsolatedBy {
  readonly components?: Components | undefined;
  readonly resource?: string | undefined;
}

/**
 * What makes two calls equal: the flow, and every field that the table lists.
 *
 * @param flow what the flow knows beside the request, such as its name, its authority and what it makes itself
 */
export function flightKey(given: GivenRequest, flow: readonly unknown[]): string {
  const parts: unknown[] = [];
  for (const [field, part] of FLIGHT_PARTS) {
    const value = given[field];
    if (value !== undefined) parts.push(field, part(value));
  }
  return JSON.stringify([...flow, parts], comparable);
}

/** The same text for equal values: members in one order, and functions, which nobody can compare, by what they are. */
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
