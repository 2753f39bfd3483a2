import { questionOf, searchScopes, splitScopes } from "../../request/scopes.js";
import type { AccessTokenFacts } from "./entry.js";

/** Whether an access token grants every requested scope, or was the provider's response to exactly these scopes. */
export function answers(facts: AccessTokenFacts, scopes: readonly string[]): boolean {
  return (
    searchScopes(scopes).every((scope) => facts.scopes.has(scope)) ||
    (facts.asked !== undefined && facts.asked === questionOf(scopes))
  );
}

/**
 * Whether a newer token replaces an older one: they share a scope that names a resource, or they answer the same request.
 * Scopes in a provider's own spelling do not tell resources apart, so then only the request counts.
 */
export function supersedes(newer: AccessTokenFacts, older: AccessTokenFacts): boolean {
  if (newer.asked !== undefined) return answers(older, scopesOf(newer.asked));
  return (
    searchScopes(newer.scopeList).some((scope) => older.scopes.has(scope)) ||
    (older.asked !== undefined && answers(newer, scopesOf(older.asked)))
  );
}

/** The scopes of a remembered request; an app-only token may have been requested without any. */
export function scopesOf(asked: string): readonly string[] {
  return asked === "" ? [""] : splitScopes(asked);
}
