import { allProfiles } from "../profiles/profiles.js";
import { providerUrl } from "../profiles/provider.js";
import { isObject } from "../json.js";
import { networkFetch } from "../network.js";
import { messageOf } from "../errors.js";

/** Whether the signature of a token holds. */
export interface Signature {
  readonly state: "holds" | "does not hold" | "is not known";
  readonly reason: string;
}

/** An issuer whose keys may be fetched: this machine's user has named it. */
export interface TrustedIssuer {
  readonly url: string;
  readonly ca?: string | undefined;
}

/** Returns the issuers that the profiles know, and the one that an option names. */
export function trustedIssuers(named: string | undefined, ca: string | undefined): readonly TrustedIssuer[] {
  const known = allProfiles().map(({ provider, ca: own }) => ({ url: providerUrl(provider), ca: own }));
  return named === undefined ? known : [{ url: named, ca }, ...known];
}

/** What is read of a discovery document. */
interface Discovery {
  readonly issuer: string;
  readonly jwksUri: string;
}

/** Checks the signature of a token, with the keys of trusted issuers. A key that the token itself names is never fetched. */
export async function checkSignature(
  token: string,
  claims: Readonly<Record<string, unknown>>,
  { issuers, signal }: { readonly issuers: readonly TrustedIssuer[]; readonly signal: AbortSignal },
): Promise<Signature> {
  const { iss } = claims;
  if (typeof iss !== "string") return unknown("the token names no issuer");
  const problems: string[] = [];
  for (const { url, ca } of issuers) {
    // Nothing is sent to an issuer that can not have issued the token.
    if (!sameHost(url, iss) && !isMicrosofts(url, iss)) continue;
    const fetch = networkFetch(ca);
    try {
      const discovery = await discover(url, claims, { fetch, signal });
      if (discovery.issuer !== iss) {
        problems.push(`${url} is the issuer ${discovery.issuer}`);
        continue;
      }
      return await verify(token, await readJson(discovery.jwksUri, { fetch, signal }), iss);
    } catch (error) {
      problems.push(`the keys of ${url} cannot be read: ${messageOf(error)}`);
    }
  }
  return unknown(
    problems.join("; ") || `no profile is of the issuer ${iss}: if you trust it, pass --issuer ${iss}`,
  );
}

interface Requesting {
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
}

async function discover(
  url: string,
  { tid, ver }: Readonly<Record<string, unknown>>,
  requesting: Requesting,
): Promise<Discovery> {
  const base = url.replace(/\/$/, "");
  // Entra signs the tokens of its first version for another issuer.
  const versions = ver === "1.0" ? ["", "/v2.0"] : ["/v2.0", ""];
  const places = /\/v2\.0$/.test(base) ? [base] : [base, ...versions.map((version) => `${base}${version}`)];
  let last: unknown;
  let found: Discovery | undefined;
  for (const place of new Set(isEntra(base) ? places.slice(1) : places)) {
    try {
      const document = await readJson(`${place}/.well-known/openid-configuration`, requesting);
      const { issuer, jwks_uri: jwksUri } = document;
      if (typeof issuer !== "string" || typeof jwksUri !== "string")
        throw new Error("its metadata are incomplete");
      if (new URL(jwksUri).protocol !== new URL(place).protocol) throw new Error("its keys are not at https");
      found = { jwksUri, issuer: issuer.replace("{tenantid}", typeof tid === "string" ? tid : "") };
      return found;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function readJson(
  url: string,
  { fetch, signal }: Requesting,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, { signal, redirect: "error" });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const value: unknown = await response.json();
  if (!isObject(value)) throw new Error(`${url} is not a JSON object`);
  return value;
}

async function verify(
  token: string,
  keys: Readonly<Record<string, unknown>>,
  iss: string,
): Promise<Signature> {
  const { createLocalJWKSet, compactVerify } = await import("jose");
  try {
    await compactVerify(token, createLocalJWKSet({ keys: [], ...keys }));
    return { state: "holds", reason: `a key of ${iss} has signed it` };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ERR_JWKS_NO_MATCHING_KEY")
      return { state: "does not hold", reason: `${iss} publishes no key with which it can have been signed` };
    if (code === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED")
      return { state: "does not hold", reason: `the key of ${iss} that it names has not signed it` };
    return unknown(`it cannot be checked: ${messageOf(error)}`);
  }
}

function unknown(reason: string): Signature {
  return { state: "is not known", reason };
}

function sameHost(one: string, other: string): boolean {
  return hostIn(one) !== "" && hostIn(one) === hostIn(other);
}

/** Entra's authority and the issuers of its tokens have different hosts. */
function isMicrosofts(url: string, iss: string): boolean {
  return isEntra(url) && hostIn(iss) === "sts.windows.net";
}

function isEntra(url: string): boolean {
  return hostIn(url) === "login.microsoftonline.com";
}

function hostIn(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}
