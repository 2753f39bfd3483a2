import { expect } from "@jest/globals";
import type { RecordedRequest } from "@tessera/local-authority";
import { version } from "@tessera/node";
import { decodeJwt } from "jose";

/** Leaves of a value by their path. `undefined` and absent are the same. */
export type Flat = Readonly<Record<string, unknown>>;

/** A difference that is wanted, or known, with the reason. */
export interface Explained {
  /** Path of the leaf. */
  readonly at: string;
  /** What the peer has there; left out: nothing. */
  readonly peer?: unknown;
  /** What Tessera has there; left out: nothing. */
  readonly tessera?: unknown;
  readonly why: string;
}

/**
 * Fails when the two differ elsewhere than the table says, and when a line of the table is not true any more.
 */
export function expectSame(peer: unknown, tessera: unknown, explained: readonly Explained[] = []): void {
  const [left, right] = [flatten(peer), flatten(tessera)];
  const paths = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  const found = paths
    .filter((path) => JSON.stringify(left[path]) !== JSON.stringify(right[path]))
    .map((at) => ({ at, peer: left[at], tessera: right[at] }));
  const byPath = (a: { at: string }, b: { at: string }) => (a.at < b.at ? -1 : 1);
  const expected = explained.map(({ why: _, ...difference }) => difference);
  expect(found.sort(byPath)).toEqual(expected.sort(byPath));
}

/** Puts placeholders where every run has another value: tokens, random ids. What a JWT says is compared all the same. */
export function normalised(value: unknown, field = ""): unknown {
  if (value instanceof Date) return `Date ${value.toISOString()}`;
  if (value instanceof Map) return { Map: normalised(Object.fromEntries(value)) };
  if (Array.isArray(value)) return value.map((item) => normalised(item));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        // What a call took: docs/differences.md. It is another time every time.
        .filter(([name, inner]) => !(name === "metadata" && isRecordOfCall(inner)))
        .map(([name, inner]) => [withoutPort(name), normalised(inner, name)]),
    );
  }
  if (typeof value !== "string") return value;
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(value)) return normalised(decodeJwt(value));
  if (/^1\.[\w-]{43}\.?$/.test(value)) return "an opaque token";
  if (/^(rh|uti|aio|sid)$/.test(field)) return "random";
  // The order of members in JSON means nothing.
  if (field === "claims") return JSON.parse(value);
  if (/^[\w-]*(request-?id|correlationId)$/i.test(field) && guid.test(value)) return "a guid";
  return withoutPort(value);
}

function isRecordOfCall(value: unknown): boolean {
  return typeof value === "object" && value !== null && "source" in value && "attempts" in value;
}

/** The local authority listens on another port every time. */
function withoutPort(text: string): string {
  return text.replace(/\blocalhost:\d{5}\b/g, "localhost");
}

/** The requests that the identity provider got from a library, by endpoint (`token`, `token#2`, …). */
export function wire(requests: readonly RecordedRequest[]): Record<string, unknown> {
  const seen = new Map<string, number>();
  const own = requests.filter(({ endpoint }) => !["authorize", "login", "consent"].includes(endpoint));
  return Object.fromEntries(
    own.map(({ endpoint, method, path, query, form, headers }) => {
      const count = (seen.get(endpoint) ?? 0) + 1;
      seen.set(endpoint, count);
      const request = { method, path, query, form, headers: protocolHeaders(headers) };
      return [count === 1 ? endpoint : `${endpoint}#${count}`, normalised(request)];
    }),
  );
}

/** Parameters of an authorization URL. */
export function authorizeParameters(url: string): Record<string, unknown> {
  const { origin, pathname, searchParams } = new URL(url);
  const names = [...searchParams.keys()];
  const query = normalised(Object.fromEntries(searchParams));
  return {
    authorize: { endpoint: `${origin}${pathname}`, query, repeated: names.length - new Set(names).size },
  };
}

/** The name and version in a list of parameters: each library gives its own. */
export function libraryInfo(peer: unknown): readonly Explained[] {
  const why = "each library gives its own name and version";
  return Object.keys(flatten(peer)).flatMap((at) => {
    if (at.endsWith("x-client-SKU")) return [{ at, peer: "msal.js.node", tessera: "tessera.node", why }];
    return at.endsWith("x-client-VER") ? [{ at, peer: "7.2.3", tessera: version, why }] : [];
  });
}

const guid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Headers that mean something to the protocol; the others come from the HTTP clients and have a test of their own. */
function protocolHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const wanted = ["content-type", "authorization", "x-anchormailbox", "cookie", "origin"];
  const isWanted = (name: string) => wanted.includes(name) || /^x-(client|ms|app)-/.test(name);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isWanted(name)));
}

/** The leaves of what {@link normalised} made. */
export function flatten(value: unknown, path = ""): Flat {
  if (typeof value !== "object" || value === null) return value === undefined ? {} : { [path]: value };
  const leaves = Object.entries(value).map(([name, child]) =>
    flatten(child, path === "" ? name : `${path}.${name}`),
  );
  const all: Flat = Object.assign({}, ...leaves);
  // An empty object or list is a value, too.
  return Object.keys(all).length === 0 && path !== "" ? { [path]: value } : all;
}
