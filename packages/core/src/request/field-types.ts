import { clientConfigurationError, type AuthError } from "../errors/errors.js";
import type { REQUEST_FIELDS } from "./request-fields.js";

/** What a field of a request has to be. */
interface FieldType {
  /** What to pass, for the message. */
  readonly remedy: string;
  readonly accepts: (value: unknown) => boolean;
}

/** JavaScript callers pass a number where a text is meant; as a text it says the same. */
const isPlain = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value);

/** Whether a value is an object with members of its own choice: not a list, and not a collection that has to be asked. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === "[object Object]";
}

const text: FieldType = { remedy: "a string", accepts: isPlain };
/** Compared with what comes back, which is a string. */
const string: FieldType = { remedy: "a string", accepts: (value) => typeof value === "string" };
const texts: FieldType = {
  remedy: "an array of strings",
  accepts: (value) => Array.isArray(value) && value.every(isPlain),
};
const object: FieldType = { remedy: "an object", accepts: isRecord };
const call: FieldType = { remedy: "a function", accepts: (value) => typeof value === "function" };
const parameters: FieldType = {
  remedy: "an object of strings",
  accepts: (value) => isRecord(value) && Object.values(value).every(isParameter),
};

/** A list is sent as several parameters of one name. */
function isParameter(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isPlain);
  return value === undefined || value === null || isPlain(value);
}
const user: FieldType = {
  remedy: 'an object such as { type: "UPN", credential: "alice@contoso.example" }',
  accepts: (value) => isRecord(value) && typeof value["credential"] === "string",
};
const seconds: FieldType = { remedy: "a number of seconds", accepts: isPlain };
const flag: FieldType = { remedy: "true or false", accepts: (value) => typeof value === "boolean" };
const signal: FieldType = {
  remedy: "an AbortSignal",
  accepts: (value) =>
    typeof value === "object" &&
    value !== null &&
    "aborted" in value &&
    "addEventListener" in value &&
    typeof value.addEventListener === "function",
};

/** The fields that no flow checks by itself. A wrong type of the others is told by the code that reads them. */
const FIELD_TYPES: ReadonlyMap<string, FieldType> = new Map(
  Object.entries({
    accessToken: string,
    account: object,
    azureCloudOptions: object,
    ccsCredential: user,
    clientInfo: text,
    codeChallenge: text,
    codeChallengeMethod: text,
    codeVerifier: text,
    deviceCodeCallback: call,
    domainHint: text,
    errorTemplate: text,
    extraParameters: parameters,
    extraQueryParameters: parameters,
    extraScopesToConsent: texts,
    fmiPath: text,
    idTokenHint: text,
    iss: string,
    loginHint: text,
    logoutHint: text,
    logoutToken: string,
    maxAge: seconds,
    negotiate: call,
    nonce: text,
    onDeviceCode: call,
    openBrowser: call,
    prompt: text,
    realm: text,
    redirectUri: text,
    responseMode: text,
    responseType: text,
    sid: text,
    signal,
    state: string,
    storeInCache: object,
    successTemplate: text,
    token: string,
    useOnce: call,
    tokenTypeHint: text,
    useNonce: flag,
    usePkce: flag,
    userObjectId: text,
    username: text,
  } satisfies Partial<Record<keyof typeof REQUEST_FIELDS, FieldType>>),
);

/**
 * Refuses a field of a wrong type before anything is done with it. Not asked for a cache hit, which reads none of them.
 *
 * @throws ClientConfigurationError `invalid_option`, naming the field and never its value
 */
export function checkFieldTypes(given: object, correlationId: string): void {
  if ("scope" in given && !("scopes" in given)) {
    const message = "scope is not a field of a request: pass scopes, an array of strings.";
    throw clientConfigurationError("invalid_option", message, { correlationId });
  }
  for (const [field, value] of Object.entries(given) as [string, unknown][]) {
    const type = FIELD_TYPES.get(field);
    if (!type || value === undefined || value === null || value === "" || type.accepts(value)) continue;
    throw wrongType(field, value, type.remedy, correlationId);
  }
}

/** Returns the error for an argument of the wrong type. The value may be a secret, so it is not shown. */
export function wrongType(name: string, value: unknown, remedy: string, correlationId = ""): AuthError {
  return clientConfigurationError(
    "invalid_option",
    `${name} is ${value === undefined ? "missing" : typeName(value)}: pass ${remedy}.`,
    { correlationId },
  );
}

/** Refuses an argument that is not an object. */
export function requireRecord<T>(value: T, name: string, remedy = "an object"): T {
  if (isRecord(value)) return value;
  throw wrongType(name, value, remedy);
}

/** Rejects a value that is not an account: signing nobody out would look like a success. */
export function requireAccount(account: unknown, remedy: string): void {
  if (isRecord(account)) {
    // The id may be empty in caches of other libraries; such a user can still be signed out.
    if (typeof account["homeAccountId"] === "string") return;
    throw clientConfigurationError("invalid_option", `account has no homeAccountId: ${remedy}.`);
  }
  throw wrongType("account", account, remedy.replace(/^pass /, ""));
}

/** Describes the type of a value without revealing its content. */
function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "another object" : `a ${typeof value}`;
}
