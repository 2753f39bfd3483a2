import type { AccountInfo } from "../../account.js";

/**
 * What a caller asks for with every call: a request of nothing but these values. Equal questions to the same partition have
 * the same answer until the partition changes, so the request need not be checked and looked up again.
 */
export interface Question {
  /** The application, which has a configuration and a clock of its own. */
  readonly client: object;
  /** Counts what has been learned about authorities, which may change the answer. */
  readonly revision: number;
  /** The authority as the caller named it; `undefined` for the application's own. */
  readonly authority: string | undefined;
  /** The scopes as the caller wrote them. */
  readonly scopes: readonly string[];
  /** What the caller's account says about its provider and tenant. */
  readonly environment: string | undefined;
  readonly tenantId: string | undefined;
  readonly authorityType: string | undefined;
  readonly issuer: string | undefined;
}

/** The fields of a request that a {@link Question} compares. */
export interface Asking {
  readonly scopes?: readonly string[];
  readonly authority?: string;
  readonly account?: AccountInfo;
}

/** Returns the question of a request, with values that later changes by the caller do not affect. */
export function asQuestion(client: object, revision: number, request: Asking): Question {
  const { authority, scopes = [], account } = request;
  return {
    client,
    revision,
    authority: authority || undefined,
    scopes: scopes.slice(),
    environment: account?.environment,
    tenantId: account?.tenantId,
    authorityType: account?.authorityType,
    issuer: issuerIn(account),
  };
}

/** Whether a request asks a known question. Nothing is allocated, and strings are mostly identical. */
export function asks(known: Question, client: object, revision: number, request: Asking): boolean {
  const { authority, scopes = [], account } = request;
  return (
    known.client === client &&
    known.revision === revision &&
    known.authority === (authority || undefined) &&
    isSameList(known.scopes, scopes) &&
    known.environment === account?.environment &&
    known.tenantId === account?.tenantId &&
    known.authorityType === account?.authorityType &&
    known.issuer === issuerIn(account)
  );
}

/** Returns what names the issuer of an account: the claim or, without claims, the token that has it. */
function issuerIn(account: AccountInfo | undefined): string | undefined {
  const issuer: unknown = account?.idTokenClaims?.iss;
  return typeof issuer === "string" ? issuer : account?.idToken;
}

/** Whether two lists have the same members in the same order. */
export function isSameList(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
