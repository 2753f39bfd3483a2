import type { Client } from "../client/client.js";
import { isAuthError } from "../errors/errors.js";
import type { SharedCall } from "./shared-call.js";

/**
 * Runs an exchange, unless an equal one has just failed: then the caller gets a copy of that error. Only failures that the
 * provider or the network may have caused are remembered: what this process decides by itself costs nothing.
 */
export async function notedFailure<T>(
  client: Pick<Client, "failures" | "logger">,
  call: SharedCall,
  key: string,
  run: (call: SharedCall) => Promise<T>,
): Promise<T> {
  const { failures } = client;
  const refusal = failures.refusal(key, call.correlationId);
  if (refusal) {
    const seconds = refusal.retryAfterSeconds ?? 0;
    client
      .logger()
      .verbose(`Nothing is sent for ${seconds} more seconds: an equal call has failed.`, call.correlationId);
    throw refusal;
  }
  let isAsked = false;
  try {
    const result = await run({ ...call, onAsk: () => (isAsked = true) });
    failures.forget(key);
    return result;
  } catch (error) {
    const isOurs = isAuthError(error) && error.name === "ClientConfigurationError";
    // A pause that the server asks for counts although nobody waits any more.
    const counts = isAuthError(error) && (!call.signal?.aborted || error.retryAfterSeconds !== undefined);
    if (counts && !isOurs && (isAsked || UNREACHED.has(error.errorCode))) failures.note(key, error);
    throw error;
  }
}

/** The codes of failures before the token request. */
const UNREACHED: ReadonlySet<string> = new Set([
  "network_error",
  "endpoints_resolution_error",
  "openid_config_error",
]);
