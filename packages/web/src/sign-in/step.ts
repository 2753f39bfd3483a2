import { sha256Base64Url } from "@tessera/core/internal";
import type { Seal } from "./key-ring.js";
import type { Site } from "./site.js";

/** What a sign-in asks for beyond what the site always asks for. */
export interface SignInStep {
  /** Scopes in addition to the site's. */
  readonly scopes?: readonly string[];
  /** Claims challenge, as JSON. */
  readonly claims?: string;
  /** Authentication context class references, in order of preference (`acr_values`). */
  readonly acrValues?: string;
  /** Seconds since the user last authenticated, at most. */
  readonly maxAge?: number;
  readonly prompt?: string;
  readonly loginHint?: string;
}

const STEP: Seal<SignInStep> = { purpose: "step" };

/** The page that a sign-in returns to, and what it asks for. */
export interface SignInAddress {
  readonly returnTo: string;
  readonly step?: SignInStep;
}

/**
 * Returns the URL that begins a sign-in. What it asks for is sealed: a link from elsewhere cannot let a user consent to more than
 * the site asks for.
 */
export async function signInUrl(site: Site, { returnTo, step }: SignInAddress): Promise<string> {
  const url = new URL(site.paths.signIn, site.baseUrl);
  if (returnTo !== site.baseUrl.href) {
    const { pathname, search, hash } = new URL(returnTo);
    url.searchParams.set("returnTo", pathname + search + hash);
  }
  if (step && Object.values(step).some((value) => value !== undefined))
    url.searchParams.set("step", await site.keys.seal(STEP, step));
  return url.href;
}

/** Reads what the URL of a sign-in asks for. */
export async function stepOf(site: Site, parameters: URLSearchParams): Promise<SignInStep> {
  const opened = await site.keys.open(STEP, parameters.get("step") ?? "");
  return opened?.content ?? {};
}

/** Returns a digest of what a sign-in asks for, by which a circle is noticed. The hint changes nothing. */
export function askedBy({ scopes = [], claims, acrValues, maxAge }: SignInStep): string | undefined {
  if (scopes.length === 0 && claims === undefined && acrValues === undefined && maxAge === undefined)
    return undefined;
  const text = JSON.stringify([[...scopes].sort(), claims, acrValues, maxAge]);
  return sha256Base64Url(text).slice(0, 16);
}
