import { invalidOption, isRecord, requireKnownOptions, requireRecord } from "@tessera/core/internal";
import { checkedBaseUrl } from "../base-url.js";
import type { ApiGuardOptions, IntrospectionOptions } from "./options.js";
import { LONGEST_CACHE } from "./introspection.js";

/** Shorter secrets could be guessed. */
const SHORTEST_SECRET = 32;

const OPTIONS = {
  baseUrl: true,
  authority: true,
  issuer: true,
  audience: true,
  tenants: true,
  types: true,
  scopes: true,
  roles: true,
  userRoles: true,
  app: true,
  exchange: true,
  introspection: true,
  dpop: true,
  clientCertificateHeader: true,
  store: true,
  metadata: true,
  system: true,
} as const;

/**
 * Checks what only the guard knows; the rest is checked by what it is passed to.
 *
 * @throws ClientConfigurationError naming the field, the value and the remedy
 */
export function checkedGuardOptions(given: ApiGuardOptions): ApiGuardOptions & { readonly base: URL } {
  const options = requireRecord(given, "options", "{ baseUrl, authority, audience }");
  requireKnownOptions(options, OPTIONS, "createApiGuard");
  const base = checkedBaseUrl(options.baseUrl);
  for (const name of ["scopes", "roles", "userRoles"] as const)
    requireTexts(options[name], name, "pass an array of strings");
  const { app, exchange, introspection, dpop, clientCertificateHeader, store } = options;
  if (exchange !== undefined && exchange !== "on-behalf-of" && exchange !== "token-exchange")
    throw invalidOption(
      "exchange",
      `is ${JSON.stringify(exchange)}`,
      'use "on-behalf-of" or "token-exchange"',
    );
  if (app !== undefined && typeof app?.acquireTokenOnBehalfOf !== "function")
    throw invalidOption("app", "is not an application", "pass a ConfidentialClientApplication");
  if (introspection) checkIntrospection(options, introspection === true ? {} : introspection);
  if (dpop !== undefined) checkDpop(requireRecord(dpop, "dpop", "{ nonceSecrets }"));
  if (clientCertificateHeader !== undefined && !/^[\w!#$%&'*+.^`|~-]+$/.test(clientCertificateHeader))
    throw invalidOption(
      "clientCertificateHeader",
      "is not the name of a header",
      'pass one such as "client-cert"',
    );
  if (store !== undefined && (typeof store?.get !== "function" || typeof store.set !== "function"))
    throw invalidOption("store", "lacks get or set", "pass a WebStore");
  return { ...options, base };
}

function checkIntrospection({ app, issuer }: ApiGuardOptions, options: IntrospectionOptions): void {
  const known = { always: true, cacheSeconds: true, acceptsMissingAudience: true } as const;
  requireKnownOptions(requireRecord(options, "introspection"), known, "introspection");
  const { cacheSeconds } = options;
  if (typeof app?.introspect !== "function")
    throw invalidOption("introspection", "is given without app", "pass the API's own registration as app");
  if (issuer === undefined)
    throw invalidOption(
      "introspection",
      "is given with an authority of Microsoft, which issues no opaque tokens",
      "omit it",
    );
  const isUsable =
    cacheSeconds === undefined ||
    (Number.isFinite(cacheSeconds) && cacheSeconds >= 0 && cacheSeconds <= LONGEST_CACHE);
  if (!isUsable)
    throw invalidOption(
      "introspection.cacheSeconds",
      `is ${String(cacheSeconds)}`,
      `pass a number of seconds from 0 to ${LONGEST_CACHE}`,
    );
}

function checkDpop(dpop: NonNullable<ApiGuardOptions["dpop"]>): void {
  requireKnownOptions(dpop, { isRequired: true, nonceSecrets: true }, "dpop");
  const { nonceSecrets } = dpop;
  requireTexts(nonceSecrets, "dpop.nonceSecrets", "pass an array of random strings");
  if (nonceSecrets === undefined) return;
  if (nonceSecrets.length === 0 || nonceSecrets.some(({ length }) => length < SHORTEST_SECRET))
    throw invalidOption(
      "dpop.nonceSecrets",
      "is empty or has a short one",
      `pass random strings of at least ${SHORTEST_SECRET} characters`,
    );
}

function requireTexts(value: unknown, field: string, remedy: string): void {
  if (value === undefined) return;
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return;
  throw invalidOption(field, isRecord(value) ? "is an object" : `is of type ${typeof value}`, remedy);
}
