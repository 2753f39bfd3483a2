import type { AuthenticationResult } from "@tessera/core";
import {
  clientAuthError,
  errorFor,
  isAuthError,
  newCorrelationId,
  SingleFlight,
  withinBounds,
} from "@tessera/core/internal";
import {
  isUnavailable,
  type AmbientTokenRequest,
  type Outcome,
  type Source,
  type Unavailable,
} from "./source.js";

/**
 * Asks the sources in order, all of them within the bounds of the call. The first with an identity answers this call and, once
 * it has given a token, all later ones. Its refusal is an error: another identity would act with other rights.
 *
 * @param chosen told which source is used from now on
 * @throws ClientAuthError `credential_unavailable` when no source has an identity; `request_timeout` and `request_aborted`, which
 * name the source that was waited for
 */
export function firstAvailable(
  sources: readonly Source[],
  chosen: (source: Source) => void,
): (request: AmbientTokenRequest) => Promise<AuthenticationResult> {
  let known: Source | undefined;
  let search: Search = { attempts: [] };
  const flights = new SingleFlight();
  return async (request) => {
    const { signal, timeoutMs, correlationId = newCorrelationId() } = request;
    let waiting: Search = { attempts: [] };
    try {
      // It keeps the bounds itself, and a cache hit needs none.
      if (known) {
        waiting = { attempts: [], source: known };
        return requireIdentity(known, await known.acquire(request));
      }
      return await withinBounds({ signal, timeoutMs, correlationId }, async (bounded) => {
        bounded?.throwIfAborted();
        const step = { ...request, correlationId, signal: bounded, timeoutMs: undefined };
        let own: AuthenticationResult | undefined;
        const probing = flights.run("probe", bounded, async (shared) => {
          search = { attempts: [] };
          const probe = await probed(sources, { ...step, signal: shared }, search);
          own = probe.result;
          if (own) {
            known = probe.source;
            chosen(known);
          }
          return probe;
        });
        // That of the search which this call has begun or joined.
        waiting = search;
        const { source, refusal } = await probing;
        if (own) return own;
        if (refusal?.key === keyOf(request)) throw errorFor(refusal.error, correlationId);
        waiting = { attempts: waiting.attempts, source };
        return requireIdentity(source, await source.acquire(step));
      });
    } catch (error) {
      throw namingSource(error, waiting);
    }
  };
}

/** How far a search has come. */
interface Search {
  /** The sources without an identity. */
  readonly attempts: (readonly [Source, Unavailable])[];
  /** The source whose answer is waited for. */
  source?: Source;
}

/** The first source with an identity: its token, or its refusal, which equal calls share. */
interface Probe {
  readonly source: Source;
  readonly result?: AuthenticationResult;
  readonly refusal?: { readonly key: string; readonly error: unknown };
}

async function probed(
  sources: readonly Source[],
  request: AmbientTokenRequest,
  search: Search,
): Promise<Probe> {
  const { attempts } = search;
  for (const source of sources) {
    // A source that has not noticed the end of the call must not be followed by another one.
    request.signal?.throwIfAborted();
    search.source = source;
    let outcome: Outcome;
    try {
      outcome = await source.acquire(request);
    } catch (error) {
      return { source, refusal: { key: keyOf(request), error } };
    }
    if (!isUnavailable(outcome)) return { source, result: outcome };
    attempts.push([source, outcome]);
  }
  const list = attempts.map(
    ([{ name }, it], index) => `(${index + 1}) ${name}: ${it.unavailable}; ${it.remedy}.`,
  );
  throw clientAuthError(
    "credential_unavailable",
    `No source of the default credential has an identity. ${list.join(" ")}`,
    { cause: new AggregateError(reasonsIn(search)) },
  );
}

/** Adds to the error of a call that has ended early which source it has waited for, and what the earlier ones said. */
function namingSource(error: unknown, { source, attempts }: Search): unknown {
  if (!source || !isAuthError(error)) return error;
  const code = ENDED_EARLY.find((one) => one === error.errorCode);
  if (!code) return error;
  const { errorMessage, correlationId, cause } = error;
  const unanswered = clientAuthError(code, `${source.name}: it has not answered yet.`, { cause });
  const named = clientAuthError(
    code,
    `${errorMessage} The default credential was waiting for its source ${source.name}.`,
    { correlationId, cause: new AggregateError([...reasonsIn({ attempts }), unanswered]) },
  );
  named.isRetryable = error.isRetryable;
  return named;
}

const ENDED_EARLY = ["request_aborted", "request_timeout"] as const;

function reasonsIn({ attempts }: Search): readonly Error[] {
  return attempts.map(([source, outcome]) => unavailable(source, outcome));
}

function keyOf({ scopes, tenantId, claims }: AmbientTokenRequest): string {
  return JSON.stringify([scopes, tenantId, claims]);
}

/** The token of a source that is the only one to ask. */
export function requireIdentity(source: Source, outcome: Outcome): AuthenticationResult {
  if (isUnavailable(outcome)) throw unavailable(source, outcome);
  return outcome;
}

function unavailable({ name }: Source, outcome: Unavailable): Error {
  return clientAuthError("credential_unavailable", `${name}: ${outcome.unavailable}; ${outcome.remedy}.`);
}
