import type { App, ConditionalAccessPolicy, User } from "../config/config.js";
import { refuse, type AadstsError } from "../errors/errors.js";
import { audienceOf } from "../tokens/scopes.js";
import type { RequestedScopes } from "../stores/sign-in-request.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";

/** The properties of a request that policies are evaluated against. */
export interface AccessAttempt {
  readonly app: App;
  readonly scopes: Pick<RequestedScopes, "audience" | "resource">;
  /** The `claims` parameter, which may contain the challenge of a policy. */
  readonly claims?: string;
}

/**
 * Finds the policy that prevents access: one that blocks it, or one that requires a second factor the user has not passed.
 * A second factor is required if a policy applies, or if the client sends the challenge of a policy (OpenID Connect Core
 * §5.5).
 */
export function unmetPolicy(
  state: AuthorityState,
  attempt: AccessAttempt,
  { user, multiFactor = false }: SignIn,
): ConditionalAccessPolicy | undefined {
  const { conditionalAccess } = state.config;
  const applicable = conditionalAccess.filter((policy) => applies(state, policy, attempt, user));
  const blocking = applicable.find(({ control }) => control === "block");
  if (blocking !== undefined || multiFactor) return blocking;
  return applicable[0] ?? conditionalAccess.find((policy) => isChallenged(policy, attempt.claims));
}

/** Returns the error with the challenge, which the client sends as `claims` in the next authorization request. */
export function challenge(policy: ConditionalAccessPolicy, { scopes }: AccessAttempt): AadstsError {
  const claims = JSON.stringify(policy.claims);
  return policy.control === "block"
    ? refuse(53003, {}, { claims })
    : refuse(50076, { resource: scopes.audience }, { claims });
}

function applies(
  { directory }: AuthorityState,
  policy: ConditionalAccessPolicy,
  { app, scopes }: AccessAttempt,
  user: User,
): boolean {
  const { resource, clientId, username } = policy;
  return (
    (resource === undefined || audienceOf(resource, directory) === scopes.audience) &&
    (clientId === undefined || clientId === app.clientId) &&
    (username === undefined || username.toLowerCase() === user.username.toLowerCase())
  );
}

function isChallenged(policy: ConditionalAccessPolicy, claims: string | undefined): boolean {
  if (!claims) return false;
  return contains(JSON.parse(claims), policy.claims);
}

/** Whether `whole` contains `part`; clients merge a challenge into their other claims. */
function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.every((wanted) => whole.some((element) => contains(element, wanted)));
  }
  if (typeof part !== "object" || part === null) return whole === part;
  if (typeof whole !== "object" || whole === null) return false;
  const members: ReadonlyMap<string, unknown> = new Map(Object.entries(whole));
  return Object.entries(part).every(([name, wanted]) => contains(members.get(name), wanted));
}
