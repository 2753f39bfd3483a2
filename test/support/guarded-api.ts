import type { KeyObject } from "node:crypto";
import { createApiGuard, type ApiGuard, type ApiGuardOptions, type Checked } from "@tessera/web";
import { jwk, keys, sign } from "./fake-provider.js";
import { scriptedNetwork, type Script, type ScriptedNetwork } from "./scripted-network.js";
import { createTestClock, type TestClock } from "./test-clock.js";

export const BASE = "https://orders.example";
export const API = "22222222-2222-4222-8222-222222222222";
export const TENANT = "11111111-1111-4111-8111-111111111111";
export const OTHER_TENANT = "33333333-3333-4333-8333-333333333333";

/** What to lay over a good token. */
export interface TokenChanges {
  /** `undefined` takes a claim away. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: KeyObject | Uint8Array;
}

/** An API whose provider is on a network that answers from a table. */
export interface GuardedApi {
  readonly guard: ApiGuard;
  readonly clock: TestClock;
  readonly network: ScriptedNetwork;
  /** A good token of a user with the scope `Orders.Read`, with changes. */
  token(changes?: TokenChanges): string;
  /** Calls the API with a token. */
  call(token: string | undefined, options?: Parameters<ApiGuard["check"]>[1]): Promise<Checked>;
}

export interface GuardedApiOptions {
  readonly options: Partial<ApiGuardOptions>;
  readonly script: Script;
  /** Claims of a good token, beside `aud` and times. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export function guardedApi({ options, script, claims }: GuardedApiOptions): GuardedApi {
  const clock = createTestClock();
  const network = scriptedNetwork(script);
  const guard = createApiGuard({
    baseUrl: BASE,
    audience: ["api://orders", API],
    ...options,
    system: { networkClient: network, clock, ...options.system },
  });
  return {
    guard,
    clock,
    network,
    token: ({ claims: over, header, key = keys.one.privateKey } = {}) => {
      const now = Math.floor(clock.now() / 1000);
      const all = { aud: API, iat: now, nbf: now, exp: now + 3600, ...claims, ...over };
      return sign(all, { typ: "JWT", alg: "RS256", kid: "one", ...header }, key);
    },
    call: (token, checked) =>
      guard.check(
        new Request(
          `${BASE}/orders`,
          token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
        ),
        checked,
      ),
  };
}

/** A key set with the one key, as Entra publishes it. */
export function keySet(over: object = {}): object {
  return { keys: [jwk(keys.one, { kid: "one", ...over })] };
}

/** Claims of a user's token in the form of Entra's v2.0 tokens. */
export function entraUser(issuer: string, tid = TENANT): Readonly<Record<string, unknown>> {
  return {
    iss: issuer,
    tid,
    sub: "pairwise",
    oid: "object",
    azp: "the-client",
    scp: "Orders.Read",
    ver: "2.0",
  };
}

/** Says how a check went: who calls, or the status and the error. */
export function outcome({ caller, response }: Checked): string {
  if (caller) return `${caller.kind} ${caller.subject}`;
  const error = /error="([^"]*)"/.exec(response.headers.get("www-authenticate") ?? "")?.[1];
  return `${response.status}${error === undefined ? "" : ` ${error}`}`;
}
