import type { AccountInfo } from "@tessera/core";
import { processWide, version, type FreshHits } from "@tessera/core/internal";

/** The request of a token provider. */
export interface ProvidedRequest {
  scopes: string[];
  account?: AccountInfo;
  authority?: string;
}

/** Returns what finds the token of a request in the memory of an application. */
export type FindFresh = (request: ProvidedRequest) => Pick<FreshHits, "token"> | undefined;

/** Not a method of the applications, because what it returns knows no failures, deadlines or renewals. */
const applications = processWide(`fresh-tokens/${version}`, () => new WeakMap<object, FindFresh>());

/** Lets the token providers of an application look into its memory. */
export function offerFreshTokens(application: object, find: FindFresh): void {
  applications.set(application, find);
}

/** Returns a function that finds the token of a request in the memory of an application, if it is fresh. */
export function freshTokensOf(application: object, request: ProvidedRequest): () => string | undefined {
  const found = applications.get(application)?.(request);
  return found ? found.token : () => undefined;
}
