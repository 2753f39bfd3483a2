import { createClient, Logger, type Client } from "@tessera/core";
import { accountedCall, newCorrelationId, version, withinBounds, type Call } from "@tessera/core/internal";
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

/**
 * Runs a call without an application, with the network, the clock and the log of one.
 *
 * @param issuer the OpenID Provider that the call is for, if any
 */
export function withoutApplication<T>(
  { system, signal, timeoutMs, correlationId = newCorrelationId() }: CallOptions,
  issuer: string | undefined,
  run: (client: Client, call: Call) => Promise<T>,
): Promise<T> {
  const provider = issuer === undefined ? { authority: DEFAULT_AUTHORITY } : { oidcAuthority: issuer };
  const auth = { clientId: "none", ...provider };
  const none = { kind: "none" } as const;
  const { loggerOptions, ...checked } = checkConfiguration({ auth, ...(system ? { system } : {}) }, none);
  const logger = new Logger(loggerOptions, "@tessera/node", version);
  const client = createClient({ ...checked, logger: () => logger });
  return accountedCall((tally) =>
    withinBounds({ signal, timeoutMs, correlationId }, (bounded) =>
      run(client, { correlationId, signal: bounded, budget: client.transport.budget(), tally }),
    ),
  );
}
