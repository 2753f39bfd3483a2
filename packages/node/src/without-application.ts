import { createClient, Logger, type Client, type Clock } from "@tessera/core";
import {
  boundedCall,
  Failures,
  newCorrelationId,
  notedFailure,
  sha256Base64Url,
  version,
  type Call,
} from "@tessera/core/internal";
import { checkConfiguration, DEFAULT_AUTHORITY } from "./check-configuration.js";
import type { NodeSystemOptions } from "./configuration.js";

/** Options of a call that needs no application. */
export interface CallOptions {
  /** Network, clock and logging, as an application has them. */
  readonly system?: NodeSystemOptions;
  readonly correlationId?: string;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** Timeout of the call, in milliseconds. */
  readonly timeoutMs?: number;
}

/** The names of {@link CallOptions}, for the check of a call's options. */
export const CALL_OPTIONS = { system: true, correlationId: true, signal: true, timeoutMs: true } as const;

/** What a call is for. */
export interface Purpose {
  /** The OpenID Provider, if any. */
  readonly issuer?: string;
  /** What equal calls have in common: after a failure, nothing is sent for them for a while; see {@link Failures}. */
  readonly equal?: readonly unknown[];
}

/** Failures of calls without an application, by what they are sent with: another network may succeed. */
const failures = new WeakMap<object, Failures>();

/** Runs a call without an application, with the network, the clock and the log of one. */
export function withoutApplication<T>(
  { system, signal, timeoutMs, correlationId = newCorrelationId() }: CallOptions,
  { issuer, equal }: Purpose,
  run: (client: Client, call: Call) => Promise<T>,
): Promise<T> {
  const provider = issuer === undefined ? { authority: DEFAULT_AUTHORITY } : { oidcAuthority: issuer };
  const auth = { clientId: "none", ...provider };
  const none = { kind: "none" } as const;
  const { loggerOptions, ...checked } = checkConfiguration({ auth, ...(system ? { system } : {}) }, none);
  const logger = new Logger(loggerOptions, "@tessera/node", version);
  const client = createClient({ ...checked, logger: () => logger });
  const key = equal && keyOf(equal);
  return boundedCall(client, { signal, timeoutMs, correlationId }, (call) => {
    if (key === undefined) return run(client, call);
    const means = system?.networkClient ?? system?.dispatcher ?? client.clock;
    const noted = { failures: failuresOf(means, client.clock), logger: () => logger };
    return notedFailure(noted, call, key, (sent) => {
      sent.onAsk?.();
      return run(client, sent);
    });
  });
}

function failuresOf(means: object, clock: Clock): Failures {
  const known = failures.get(means) ?? new Failures(clock);
  failures.set(means, known);
  return known;
}

/** A hash, because what calls have in common may hold a token. What is no JSON is refused before anything is sent. */
function keyOf(equal: readonly unknown[]): string | undefined {
  try {
    return sha256Base64Url(JSON.stringify(equal));
  } catch {
    return undefined;
  }
}
