import type { AccountInfo, AuthenticationResult } from "@tessera/core";
import { clientAuthError, isObject, printable } from "@tessera/core/internal";

type Fields = Readonly<Record<string, unknown>>;

const OPTIONAL_TEXTS: ReadonlySet<string> = new Set([
  "name",
  "upn",
  "loginHint",
  "nativeAccountId",
  "idToken",
  "authorityType",
]);

/**
 * Reads a broker's account list. Fields of the wrong type count as absent, and entries without an id are omitted.
 */
export function brokerAccounts(answer: unknown): AccountInfo[] {
  return (Array.isArray(answer) ? answer : []).flatMap((entry) => brokerAccount(entry) ?? []);
}

/**
 * Reads a broker's result. Fields of the wrong type count as absent.
 *
 * @throws ClientAuthError `platform_broker_error` when it has no access token
 */
export function brokerResult(answer: unknown, correlationId: string): AuthenticationResult {
  const result: Fields = isObject(answer) ? answer : {};
  const { accessToken, scopes } = result;
  if (typeof accessToken !== "string" || accessToken === "") {
    throw clientAuthError(
      "platform_broker_error",
      "The broker's result has no accessToken: update the broker plugin, or sign in without it.",
      { correlationId },
    );
  }
  return {
    ...(result as Partial<AuthenticationResult>),
    authority: textOf(result["authority"]),
    uniqueId: textOf(result["uniqueId"]),
    tenantId: textOf(result["tenantId"]),
    idToken: textOf(result["idToken"]),
    idTokenClaims: isObject(result["idTokenClaims"]) ? result["idTokenClaims"] : {},
    accessToken,
    tokenType: textOf(result["tokenType"]),
    fromCache: result["fromCache"] === true,
    correlationId: textOf(result["correlationId"]) || correlationId,
    scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === "string") : [],
    account: brokerAccount(result["account"]) ?? null,
    expiresOn: validDate(result["expiresOn"]) ?? null,
    ...("extExpiresOn" in result ? { extExpiresOn: validDate(result["extExpiresOn"]) } : {}),
    ...("refreshOn" in result ? { refreshOn: validDate(result["refreshOn"]) } : {}),
  };
}

/** Makes the additional fields of a broker's error safe to print. A claims challenge is kept unchanged. */
export function printableFields(fields: Fields): Fields {
  const shown = ([name, value]: [string, unknown]): [string, unknown] => [
    name,
    typeof value === "string" && name !== "claims" ? printable(value) : value,
  ];
  return Object.fromEntries(Object.entries(fields).map(shown));
}

function brokerAccount(entry: unknown): AccountInfo | undefined {
  const said: Fields = isObject(entry) ? entry : {};
  const homeAccountId = textOf(said["homeAccountId"]);
  if (homeAccountId === "") return undefined;
  const kept = Object.entries(said).filter(([field, value]) => {
    if (OPTIONAL_TEXTS.has(field)) return typeof value === "string";
    if (field === "idTokenClaims") return isObject(value);
    return field !== "tenantProfiles" || value instanceof Map;
  });
  return {
    ...(Object.fromEntries(kept) as Partial<AccountInfo>),
    homeAccountId,
    environment: textOf(said["environment"]),
    tenantId: textOf(said["tenantId"]),
    username: textOf(said["username"]),
    localAccountId: textOf(said["localAccountId"]),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function validDate(value: unknown): Date | undefined {
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value : undefined;
}
