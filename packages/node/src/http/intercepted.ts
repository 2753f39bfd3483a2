import { isRecord } from "@tessera/core/internal";
import type { Agent } from "undici";
import type { Dispatching } from "./undici.js";

// Tests intercept requests by replacing `fetch` (stubs, msw, nock), or by setting undici's MockAgent as the global dispatcher.
// Instrumentation replaces `fetch` as well.

/** Outside Node.js, a replaced `fetch` can be recognized only by comparison with the one at load time. */
const fetchAtStart = globalThis.fetch;

/** The last `fetch` found to be the runtime's own, so that it is not examined with every request. */
let own: typeof globalThis.fetch | undefined;

/** Returns `globalThis.fetch` if it has been replaced. */
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
 * Whether msw or nock, if one of them replaced `fetch`, mocks sockets, as msw 3 and nock 15 do. They would see a connection to
 * the proxy in place of the request that the test expects.
 */
export function areSocketsMocked(): boolean {
  return "__MSW_INTERCEPTORS_REGISTRY" in globalThis;
}

/** Unwraps the `fetch` of Next.js, which keeps responses in a cache on disk, where no token may be written. */
function underNext(fetch: typeof globalThis.fetch & { readonly _nextOriginalFetch?: unknown }): typeof fetch {
  const original = fetch?._nextOriginalFetch;
  return typeof original === "function" ? (original as typeof fetch) : fetch;
}

/** Returns the process's dispatcher, set by the app (undici's `setGlobalDispatcher`) or created by `fetch`. */
export function globalDispatcher(): Dispatching | undefined {
  return dispatchers()[0];
}

/** Returns the process's dispatcher if the app has set it: one that undici or Node.js has made differs from ours in nothing. */
export function appsGlobalDispatcher(): Dispatching | undefined {
  const found = globalDispatcher();
  if (!found) return undefined;
  // Neither its class nor its options change.
  const dispatch: unknown = Reflect.get(found, "dispatch");
  if (examined?.dispatcher !== found || examined.dispatch !== dispatch)
    examined = { dispatcher: found, dispatch, isMadeByDefault: isMadeByDefault(found) };
  return examined.isMadeByDefault ? undefined : found;
}

/** The last dispatcher that was looked at, so that it is not examined with every request. */
let examined:
  | {
      readonly dispatcher: Dispatching;
      readonly dispatch: unknown;
      readonly isMadeByDefault: boolean;
    }
  | undefined;

/** Whether a dispatcher is an `Agent` without options of its own. What cannot be told counts as the app's. */
function isMadeByDefault(dispatcher: Dispatching): boolean {
  const { constructor } = dispatcher;
  if (!isAgentClass(constructor) || constructor.prototype.dispatch !== dispatcher.dispatch) return false;
  const members = Object.getOwnPropertySymbols(dispatcher);
  const valueOf = (name: string): unknown =>
    Reflect.get(dispatcher, members.find(({ description }) => description === name) ?? name);
  const options = valueOf("options");
  const factory = valueOf("factory");
  return (
    isRecord(options) &&
    Object.values(options).every((value) => value === undefined || value === Infinity) &&
    typeof factory === "function" &&
    factory.name === "defaultFactory"
  );
}

/** Returns the class of the dispatcher that `fetch` of Node.js uses unless the app has set another. */
export function agentOfFetch(): typeof Agent | undefined {
  // Node.js loads its undici with the first use of such a name.
  if (typeof globalThis.Response !== "function") return undefined;
  return dispatchers()
    .map(({ constructor }) => constructor)
    .find(isAgentClass);
}

function isAgentClass(value: unknown): value is typeof Agent {
  return (
    typeof value === "function" &&
    value.name === "Agent" &&
    typeof Reflect.get(value.prototype, "request") === "function"
  );
}

/** Returns the global dispatcher if it is an active `MockAgent`. Allocates nothing, because every request asks. */
export function mockDispatcher(): Dispatching | undefined {
  for (const name of REGISTERED) {
    const found: unknown = Reflect.get(globalThis, name);
    if (isDispatching(found) && isMock(found)) return found;
  }
  return undefined;
}

export function isMock(dispatcher: object): boolean {
  return Reflect.get(dispatcher, "isMockActive") === true;
}

/** The symbols under which releases of undici, including Node.js's own, register it. The second is new in undici 7. */
const REGISTERED = ["1", "2"].map((generation) => Symbol.for(`undici.globalDispatcher.${generation}`));

function dispatchers(): readonly Dispatching[] {
  return REGISTERED.map((name): unknown => Reflect.get(globalThis, name)).filter(isDispatching);
}

function isDispatching(value: unknown): value is Dispatching {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "dispatch") === "function";
}
