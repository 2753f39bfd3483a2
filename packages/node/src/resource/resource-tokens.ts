import { Budget, CALL_BUDGET_MS, secureUrl, systemClock } from "@tessera/core/internal";
import { endsSession } from "../interactive/one-call.js";
import { tokenAcquirer, type ResourceToken } from "./acquire-token.js";
import { challengeOf } from "./challenge.js";
import { checkedResourceOptions } from "./check-resource-options.js";
import { Issuers } from "./issuers.js";
import { keptDocuments } from "./kept-documents.js";
import type { KnownResource } from "./known-resource.js";
import { metadataCall } from "./metadata-client.js";
import type { ResourceOptions } from "./options.js";
import { isPaused } from "./refused-tokens.js";
import { Resources } from "./resources.js";

/** One attempt of a request to a resource. Pass it to {@link ResourceTokens.next} with the response. */
export interface ResourceAttempt {
  readonly url: string;
  /** The token to send; absent if none is known yet. */
  readonly token?: ResourceToken;
  /** How often a token has been requested for the call. */
  readonly authorizations: number;
  /** When the attempt was begun, in milliseconds since the epoch. */
  readonly startedAt: number;
}

/** Limits of a call. */
export interface ResourceCallOptions {
  /** Ends the call, and a sign-in that nobody else waits for. */
  readonly signal?: AbortSignal | undefined;
}

/** The tokens of protected resources. */
export interface ResourceTokens {
  /** Begins a call, with the token that is known for its URL. A user is not asked. */
  begin(url: string | URL, options?: ResourceCallOptions): Promise<ResourceAttempt>;
  /**
   * Reads the response to an attempt. If the resource has refused it and a token may help, acquires one, and asks the user if
   * needed.
   *
   * @returns the attempt with which to repeat the request, or `undefined` if the response is final
   */
  next(
    attempt: ResourceAttempt,
    response: Pick<Response, "status" | "headers">,
    options?: ResourceCallOptions,
  ): Promise<ResourceAttempt | undefined>;
}

/** Metadata that were read within this time are used by a caller that comes back without a token, in milliseconds. */
const JUST_READ_MS = 1000;

/** The most tokens that are requested for one call. */
const MOST_AUTHORIZATIONS = 3;

/**
 * Acquires the tokens of {@link createResourceFetch} for a client that sends its requests in another way: `begin` before a
 * request, and `next` with its response.
 *
 * @throws ClientConfigurationError for a mistake in the options
 * @example
 * ```ts
 * const url = "https://mcp.example/mcp";
 * const tokens = createResourceTokens({ client: { name: "Contoso agent" }, openBrowser });
 * const attempt = await tokens.begin(url);
 * const { token } = attempt;
 * const response = await fetch(url, token && { headers: { authorization: `Bearer ${token.accessToken}` } });
 * const next = await tokens.next(attempt, response); // with another token to send the request with, or undefined
 * ```
 */
export function createResourceTokens(given: ResourceOptions): ResourceTokens {
  const options = checkedResourceOptions(given);
  const { clock = systemClock, callTimeoutMs = CALL_BUDGET_MS } = options.system ?? {};
  const newBudget = (): Budget => new Budget(clock, callTimeoutMs);
  const now = (): number => clock.now();
  const kept = keptDocuments(options.cache ?? {});
  const issuers = new Issuers(options, kept, now);
  const resources = new Resources(kept, issuers, now);
  const acquire = tokenAcquirer(options, issuers, resources);
  const { grant = "user" } = options;
  const canAsk = options.openBrowser !== undefined || options.onDeviceCode !== undefined;

  return {
    async begin(address, { signal } = {}) {
      const { href } = secureUrl(String(address), "the URL");
      const attempt = { url: href, authorizations: 0, startedAt: now() };
      const known = await resources.find(new URL(href));
      if (!known?.client) return attempt;
      try {
        const result = await acquire(known, { mayAsk: false }, { signal, budget: newBudget(), since: 0 });
        return { ...attempt, token: result };
      } catch (error) {
        // The resource is asked first: it may have moved to another issuer.
        if (grant === "user" && endsSession(error)) return attempt;
        throw error;
      }
    },
    async next(attempt, response, { signal } = {}) {
      const { status } = response;
      const url = new URL(attempt.url);
      const known = await resources.find(url);
      const challenge = challengeOf(response.headers);
      const isStepUp = status === 403 && challenge.error === "insufficient_scope";
      if (status !== 401 && !isStepUp) {
        noteAccepted(known, attempt);
        return undefined;
      }
      if (attempt.authorizations >= MOST_AUTHORIZATIONS) return undefined;
      if (status === 401) return refused(attempt, { url, response, known, signal });
      noteAccepted(known, attempt);
      if (!known?.client || !attempt.token || !challenge.scopes) return undefined;
      return stepUp(attempt, { known, scopes: challenge.scopes, signal });
    },
  };

  interface Refusal {
    readonly url: URL;
    readonly response: Pick<Response, "headers">;
    readonly known: KnownResource | undefined;
    readonly signal: AbortSignal | undefined;
  }

  /** The resource wants a token, or another one. */
  async function refused(
    attempt: ResourceAttempt,
    { url, response, known: before, signal }: Refusal,
  ): Promise<ResourceAttempt | undefined> {
    const { token } = attempt;
    const challenge = challengeOf(response.headers);
    if (challenge.header !== undefined && !challenge.isForTokens) return undefined;
    if (token && before && isPaused(before, token.accessToken, now())) return undefined;
    // A caller that has no token, because none could be acquired, may come back in a loop.
    const since = token ? attempt.startedAt : attempt.startedAt - JUST_READ_MS;
    const sent = { url, response, sentAt: since };
    const budget = newBudget();
    // It runs from now, although the resource's metadata, which other calls share, are read in a time of their own.
    budget.left();
    const known = await resources.learn(sent, metadataCall({ signal, budget }));
    if (challenge.wantsDpop && !known.facts.wantsDpop) known.facts = { ...known.facts, wantsDpop: true };
    const asked = known.scopes ?? [];
    const wanted = challenge.scopes ?? known.scopes ?? known.facts.scopes;
    const isAsked = wanted?.every((scope) => asked.includes(scope)) === true;
    const scopes = known.scopes && isAsked ? known.scopes : wanted;
    const refusedToken = known === before ? token?.accessToken : undefined;
    const how = { mayAsk: canAsk, mustAsk: !isAsked && known.scopes !== undefined };
    const more = { signal, budget, since, scopes, refusedToken };
    const next = await acquire(known, how, more);
    return next.accessToken === token?.accessToken ? undefined : repeated(attempt, next);
  }

  /** The operation needs more scopes than the token has. Those of the challenge are added to the ones asked for so far. */
  async function stepUp(
    attempt: ResourceAttempt,
    {
      known,
      scopes,
      signal,
    }: {
      readonly known: KnownResource;
      readonly scopes: readonly string[];
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<ResourceAttempt | undefined> {
    const asked = known.scopes ?? [];
    const union = [...new Set([...asked, ...scopes])];
    const isAsked = union.length === asked.length;
    // Another call may have brought what this one needs.
    const how = isAsked ? { mayAsk: false } : { mayAsk: canAsk, mustAsk: true };
    const next = await acquire(known, how, { signal, budget: newBudget(), since: 0, scopes: union });
    return next.accessToken === attempt.token?.accessToken ? undefined : repeated(attempt, next);
  }

  function repeated(attempt: ResourceAttempt, token: ResourceToken): ResourceAttempt {
    return { ...attempt, token, authorizations: attempt.authorizations + 1, startedAt: now() };
  }

  function noteAccepted(known: KnownResource | undefined, { token }: ResourceAttempt): void {
    if (!known || !token) return;
    if (known.latest?.accessToken === token.accessToken) known.latest.isAccepted = true;
    delete known.refusal;
  }
}
