import type { App, ConditionalAccessPolicy, User } from "./config.js";
import { refuse, type AadstsError } from "./errors.js";
import { audienceOf, type RequestedScopes } from "./scopes.js";
import type { AuthorityState } from "./state.js";
import type { SignIn } from "./stores/sessions.js";

/** What a policy is judged by. */
export interface AccessAttempt {
  readonly app: App;
  readonly scopes: Pick<RequestedScopes, "audience" | "resource">;
  /** The `claims` parameter, which may carry the challenge of a policy back. */
  readonly claims?: string;
}

/**
 * The policy that stands in the way: one that blocks the attempt, or one that wants more than the password and has not
 * got it. A policy for a second factor counts when it covers the attempt, and when the client sends its challenge back
 * (OpenID Connect Core §5.5).
 */
export function unmetPolicy(
  state: AuthorityState,
  attempt: AccessAttempt,
  { user, multiFactor = false }: SignIn,
): ConditionalAccessPolicy | undefined {
  const { conditionalAccess } = state.config;
  const covering = conditionalAccess.filter((policy) => covers(state, policy, attempt, user));
  const blocking = covering.find(({ control }) => control === "block");
  if (blocking !== undefined || multiFactor) return blocking;
  return covering[0] ?? conditionalAccess.find((policy) => isAsked(policy, attempt.claims));
}

/** The refusal that carries the challenge to the client: `claims` is to be sent with the next authorization request. */
export function challenge(policy: ConditionalAccessPolicy, { scopes }: AccessAttempt): AadstsError {
  const claims = JSON.stringify(policy.claims);
  return policy.control === "block"
    ? refuse(53003, {}, { claims })
    : refuse(50076, { resource: scopes.audience }, { claims });
}

function covers(
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

function isAsked(policy: ConditionalAccessPolicy, claims: string | undefined): boolean {
  if (!claims) return false;
  return contains(JSON.parse(claims), policy.claims);
}

/** Clients merge a challenge into their other claims, so it is looked for as a part. */
function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.every((wanted) => whole.some((element) => contains(element, wanted)));
  }
  if (typeof part !== "object" || part === null) return whole === part;
  if (typeof whole !== "object" || whole === null) return false;
  const members: ReadonlyMap<string, unknown> = new Map(Object.entries(whole));
  return Object.entries(part).every(([name, wanted]) => contains(members.get(name), wanted));
}
