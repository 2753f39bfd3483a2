import type { Dispatching } from "./load-undici.js";

// Tests put something in the way of requests: another `fetch` (a stub, msw, nock, an instrumentation), or undici's MockAgent as
// the global dispatcher. Whoever does that means ours, too.

/** Outside Node.js, nothing tells a replaced function from the runtime's but that it is another one. */
const fetchAtStart = globalThis.fetch;

/** The last `fetch` that turned out to be the runtime's: asked once, not with every request. */
let own: typeof globalThis.fetch | undefined;

/** `globalThis.fetch`, when somebody has replaced it. */
export function replacedFetch(): typeof globalThis.fetch | undefined {
  const fetch = underNext(globalThis.fetch);
  if (fetch === own || typeof fetch !== "function" || isRuntimes(fetch)) {
    own = fetch;
    return undefined;
  }
  return fetch;
}

function isRuntimes(fetch: typeof globalThis.fetch): boolean {
  if (process.versions["undici"] === undefined) return fetch === fetchAtStart;
  return Function.prototype.toString.call(fetch).includes("internal/deps/undici");
}

/**
 * Whether msw or nock, having replaced `fetch`, answers in the place of a socket, as their latest releases do: a connection to
 * a proxy would be another one than the test means.
 */
export function areSocketsMocked(): boolean {
  return "__MSW_INTERCEPTORS_REGISTRY" in globalThis;
}

/** Next.js keeps answers in a cache on the disk, where a token must not go: what it replaced is under it. */
function underNext(fetch: typeof globalThis.fetch & { readonly _nextOriginalFetch?: unknown }): typeof fetch {
  const original = fetch?._nextOriginalFetch;
  return typeof original === "function" ? (original as typeof fetch) : fetch;
}

/** The dispatcher that an app has set for all of its process (undici's `setGlobalDispatcher`), or that `fetch` has made. */
export function globalDispatcher(): Dispatching | undefined {
  return dispatchers()[0];
}

/** The global dispatcher, when it is a `MockAgent` that is active. */
export function mockDispatcher(): Dispatching | undefined {
  return dispatchers().find(isMock);
}

export function isMock(dispatcher: object): boolean {
  return Reflect.get(dispatcher, "isMockActive") === true;
}

/** Where every release of undici, and the one inside Node.js, looks for it: the second place came with release 7. */
function dispatchers(): readonly Dispatching[] {
  return ["1", "2"].flatMap((generation) => {
    const found: unknown = Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${generation}`));
    return isDispatching(found) ? [found] : [];
  });
}

function isDispatching(value: unknown): value is Dispatching {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "dispatch") === "function";
}
