import type { AuthenticationResult } from "@tessera/core";
import {
  clientAuthError,
  errorFor,
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
 * Asks the sources in order. The first with an identity answers this call and, once it has given a token, all later
 * ones. Its refusal is an error: another identity would act with other rights.
 *
 * @param chosen told which source is used from now on
 * @throws ClientAuthError `credential_unavailable` when no source has an identity
 */
export function firstAvailable(
  sources: readonly Source[],
  chosen: (source: Source) => void,
): (request: AmbientTokenRequest) => Promise<AuthenticationResult> {
  let known: Source | undefined;
  const flights = new SingleFlight();
  return async (request) => {
    if (known) return requireIdentity(known, await known.acquire(request));
    const { signal, timeoutMs, correlationId = newCorrelationId() } = request;
    let own: AuthenticationResult | undefined;
    const { source, refusal } = await withinBounds({ signal, timeoutMs, correlationId }, (bounded) =>
      flights.run("probe", bounded, async (shared) => {
        const probe = await probed(sources, {
          ...request,
          correlationId,
          signal: shared,
          timeoutMs: undefined,
        });
        own = probe.result;
        if (own) {
          known = probe.source;
          chosen(known);
        }
        return probe;
      }),
    );
    if (own) return own;
    if (refusal?.key === keyOf(request)) throw errorFor(refusal.error, correlationId);
    return requireIdentity(source, await source.acquire(request));
  };
}

/** The first source with an identity: its token, or its refusal, which equal calls share. */
interface Probe {
  readonly source: Source;
  readonly result?: AuthenticationResult;
  readonly refusal?: { readonly key: string; readonly error: unknown };
}

async function probed(sources: readonly Source[], request: AmbientTokenRequest): Promise<Probe> {
  const attempts: (readonly [Source, Unavailable])[] = [];
  for (const source of sources) {
    let outcome: Outcome;
    try {
      outcome = await source.acquire(request);
    } catch (error) {
      return { source, refusal: { key: keyOf(request), error } };
    }
    if (!isUnavailable(outcome)) return { source, result: outcome };
    attempts.push([source, outcome]);
  }
  const cause = new AggregateError(attempts.map(([source, outcome]) => unavailable(source, outcome)));
  const list = attempts.map(
    ([{ name }, it], index) => `(${index + 1}) ${name}: ${it.unavailable}; ${it.remedy}.`,
  );
  throw clientAuthError(
    "credential_unavailable",
    `No source of the default credential has an identity. ${list.join(" ")}`,
    { cause },
  );
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
