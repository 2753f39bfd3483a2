import { invalidOption, requireKnownOptions, requireRecord, systemClock } from "@tessera/core/internal";
import { checkedBaseUrl } from "../base-url.js";
import { createKeyRing } from "./key-ring.js";
import type { WebSignInOptions } from "./options.js";
import { createSessionRecords } from "./session-store.js";
import { namedFailures } from "./store-failure.js";
import type { Paths, ResponseModeOption, Site } from "./site.js";

const RESPONSE_MODES: readonly ResponseModeOption[] = ["query", "form_post", "query.jwt", "form_post.jwt"];
const HOUR = 3600;
/** 256 bits as hexadecimal digits are 64 characters, as base64 43. Shorter ones are passwords, which can be guessed. */
const SHORTEST_SECRET = 32;

const OPTIONS = {
  app: true,
  baseUrl: true,
  scopes: true,
  session: true,
  path: true,
  responseMode: true,
  prompt: true,
  postLogoutRedirectUri: true,
  errorPage: true,
  clock: true,
} as const;

const SESSION_OPTIONS = {
  secrets: true,
  store: true,
  idleSeconds: true,
  maxSeconds: true,
  claims: true,
  name: true,
} as const;

/**
 * Checks the options of a website.
 *
 * @throws ClientConfigurationError `invalid_option`, naming the option and never a secret
 */
export function checkedSite(options: WebSignInOptions): Site {
  requireKnownOptions(
    requireRecord(options, "options", "{ app, baseUrl, session }"),
    OPTIONS,
    "createWebSignIn",
  );
  const { app, scopes = [], session, path = "/auth", responseMode = "query", clock = systemClock } = options;
  for (const method of ["initiateAuthCodeFlow", "acquireTokenOnBehalfOf"] as const) {
    if (typeof app?.[method] !== "function") throw refused("app", "pass a ConfidentialClientApplication");
  }
  const baseUrl = checkedBaseUrl(options.baseUrl);
  if (!baseUrl.pathname.endsWith("/")) baseUrl.pathname += "/";
  if (!/^(\/[\w.~-]+)+$/.test(path))
    throw refused("path", "pass a path such as /auth, without a slash at its end");
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string"))
    throw refused("scopes", "pass an array of strings");
  if (!RESPONSE_MODES.includes(responseMode))
    throw refused("responseMode", `pass one of ${RESPONSE_MODES.join(", ")}`);
  requireKnownOptions(requireRecord(session, "session", "{ secrets }"), SESSION_OPTIONS, "session");
  const secrets = checkedSecrets(session.secrets);
  const { claims = [], idleSeconds = 2 * HOUR, maxSeconds = 12 * HOUR, name = "tessera" } = session;
  for (const [member, seconds] of Object.entries({ idleSeconds, maxSeconds })) {
    if (!Number.isFinite(seconds) || seconds <= 0)
      throw refused(`session.${member}`, "pass a positive number of seconds");
  }
  if (!/^[\w-]+$/.test(name)) throw refused("session.name", "pass letters, digits, _ and -");
  for (const method of ["get", "set", "take", "delete"] as const) {
    if (session.store && typeof session.store[method] !== "function")
      throw refused("session.store", `it has no method ${method}`);
  }
  const store = session.store && namedFailures(session.store);
  const isSecure = baseUrl.protocol === "https:";
  // The prefix has browsers refuse a cookie that another host or an unprotected page has set (RFC 6265bis §4.1.3.2).
  const prefix = isSecure ? "__Host-" : "";
  const now = (): number => clock.now();
  return {
    app,
    baseUrl,
    postLogoutRedirectUri: options.postLogoutRedirectUri ?? String(options.baseUrl),
    paths: pathsBelow(`${baseUrl.pathname.slice(0, -1)}${path}`),
    scopes,
    responseMode,
    prompt: options.prompt,
    keys: createKeyRing(secrets),
    store,
    records: store && createSessionRecords(store, { maxSeconds, now }),
    cookieNames: { session: `${prefix}${name}`, flow: `${prefix}${name}-flow` },
    isSecure,
    idleSeconds,
    maxSeconds,
    claims,
    clock,
    errorPage: options.errorPage,
  };
}

function checkedSecrets(secrets: unknown): readonly string[] {
  const remedy = `pass an array of secrets of at least ${SHORTEST_SECRET} random characters, the current one first`;
  if (!Array.isArray(secrets) || secrets.length === 0) throw refused("session.secrets", remedy);
  const texts = secrets.filter((secret) => typeof secret === "string" && secret.length >= SHORTEST_SECRET);
  if (texts.length < secrets.length) throw refused("session.secrets", remedy);
  return texts.map(String);
}

function pathsBelow(root: string): Paths {
  return {
    root,
    signIn: `${root}/sign-in`,
    callback: `${root}/callback`,
    signOut: `${root}/sign-out`,
    frontChannelLogout: `${root}/logout/front-channel`,
    backChannelLogout: `${root}/logout/back-channel`,
  };
}

function refused(option: string, remedy: string): Error {
  return invalidOption(option, "cannot be used", remedy);
}
