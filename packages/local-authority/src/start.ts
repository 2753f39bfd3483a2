import { getRequestListener } from "@hono/node-server";
import { writeFile } from "node:fs/promises";
import { createApp } from "./app.js";
import { createServerCertificate } from "./certificates.js";
import { createClock } from "./clock.js";
import type { AuthorityConfig, ConfigOptions } from "./config.js";
import { createDirectory } from "./directory.js";
import { createFaults, type Fault, type FaultHandle } from "./faults.js";
import { createJournal, type RecordedRequest } from "./journal.js";
import { prepareSigningKey } from "./jwt.js";
import { listen } from "./listener.js";
import { LocalAuthorityConfigurationError, checkKeys, resolveConfig } from "./resolve-config.js";
import type { AuthorityState } from "./state.js";
import { createCodeStore } from "./stores/codes.js";
import { createConsentStore } from "./stores/consents.js";
import { createPendingStore } from "./stores/pending-requests.js";
import { createRefreshTokenStore } from "./stores/refresh-tokens.js";
import { createSessionStore } from "./stores/sessions.js";
import { issuerOf } from "./tokens.js";

/** How to start. Everything may be left out. */
export interface LocalAuthorityOptions extends ConfigOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** `true`: plain HTTP instead of HTTPS. */
  readonly http?: boolean;
  /** Path of a file into which the certificate of the authority's own CA is written, as PEM. */
  readonly caFile?: string;
  /** The time to start from: milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
}

/** An identity provider that is running. */
export interface LocalAuthority {
  /** `https://localhost:{port}`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** The certificate to trust, as PEM; empty with plain HTTP. */
  readonly caPem: string;
  /** Tenants, their apps and users, and all other settings, defaults filled in. */
  readonly config: AuthorityConfig;
  /** What came in, oldest first; the newest 10,000 are kept. The array is live. */
  readonly requests: readonly RecordedRequest[];
  /** Empties `requests`. */
  readonly clearRequests: () => void;
  /**
   * `{url}/{tenant}`, to be given to a client as its authority.
   * @param tenant GUID, domain, `common`, `organizations` or `consumers`. Default: the id of the first tenant
   */
  readonly authorityUrl: (tenant?: string) => string;
  /**
   * The `iss` of the tokens of a tenant (OpenID Connect Core §2).
   * @param tenantId GUID. Default: the id of the first tenant
   */
  readonly issuer: (tenantId?: string) => string;
  /**
   * Lets something go wrong.
   * @returns a handle that counts the requests met, and ends the fault
   * @throws {LocalAuthorityConfigurationError} for a fault that cannot be produced
   */
  readonly fault: (fault: Fault) => FaultHandle;
  /**
   * Moves the authority's clock, so that what it issued expires.
   * @param seconds negative values move it back
   */
  readonly advanceClock: (seconds: number) => void;
  /**
   * Revokes every refresh token of a user, as `revokeSignInSessions` of Microsoft Graph does.
   * @throws {RangeError} for an unknown user
   */
  readonly revokeSignInSessions: (username: string) => void;
  /**
   * Disables an account, or enables it again.
   * @throws {RangeError} for an unknown user
   */
  readonly disableUser: (username: string, disabled?: boolean) => void;
  /** Stops at once: every connection is ended. May be called again. */
  readonly close: () => Promise<void>;
}

/**
 * Starts an identity provider on localhost that speaks the protocol of Microsoft Entra: OAuth 2.0 (RFC 6749, RFC 7636)
 * and OpenID Connect Core, with Entra's endpoints, claims and errors. It listens on the loopback addresses only.
 *
 * ```ts
 * const authority = await startLocalAuthority();
 * const [tenant] = authority.config.tenants;
 * // … point a client at authority.authorityUrl(), trusting authority.caPem
 * await authority.close();
 * ```
 *
 * @throws {LocalAuthorityConfigurationError} for an option that cannot be used; the message names it
 * @throws {Error} of the operating system, when the port is taken or `caFile` cannot be written
 */
export async function startLocalAuthority(options: LocalAuthorityOptions = {}): Promise<LocalAuthority> {
  checkOptions(options);
  const { port = 0, http = false, caFile, clock: source = Date.now, ...rest } = options;
  const config = resolveConfig(rest);
  prepareSigningKey();
  const certificate = http ? undefined : await createServerCertificate();
  const caPem = certificate?.caPem ?? "";
  if (caFile !== undefined) await writeFile(caFile, caPem);

  const clock = createClock(source);
  const journal = createJournal();
  const faults = createFaults();
  const closing = new AbortController();
  const directory = createDirectory(config);
  const { lifetimes } = config;
  const stores = {
    codes: createCodeStore(clock, lifetimes.code),
    refreshTokens: createRefreshTokenStore(clock, lifetimes.refreshToken),
    sessions: createSessionStore(clock, lifetimes.session),
    consents: createConsentStore(),
    pending: createPendingStore(),
  };

  const listener = await listen(port, certificate);
  const url = `${http ? "http" : "https"}://localhost:${listener.port}`;
  const state: AuthorityState = { url, config, clock, directory, ...stores };
  const app = createApp(state, journal, faults, closing.signal);
  // `Request` and `Response` of the process stay as they are: a library has no business replacing them.
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  listener.serve((request, response) => void answer(request, response));

  let closed: Promise<void> | undefined;
  const firstTenant = config.tenants[0]?.id ?? "common";
  return {
    url,
    port: listener.port,
    caPem,
    config,
    requests: journal.entries,
    clearRequests: () => {
      journal.clear();
    },
    authorityUrl: (tenant = firstTenant) => `${url}/${tenant}`,
    issuer: (tenantId = firstTenant) => issuerOf(url, tenantId),
    fault: (fault) => faults.add(fault),
    advanceClock: (seconds) => {
      clock.advance(seconds);
    },
    revokeSignInSessions: (username) => {
      const found = directory.userByName(username);
      if (found === undefined)
        throw new RangeError(`There is no user ${username}; authority.config lists them.`);
      stores.refreshTokens.revokeAll(found.user.oid);
    },
    disableUser: (username, disabled = true) => {
      directory.setDisabled(username, disabled);
    },
    close: () => {
      closing.abort();
      closed ??= listener.close();
      return closed;
    },
  };
}

const optionNames: readonly (keyof LocalAuthorityOptions)[] = [
  "port",
  "http",
  "caFile",
  "clock",
  "tenants",
  "lifetimes",
  "extExpiresIn",
  "refreshIn",
  "refreshTokenRotation",
  "resources",
];

function checkOptions(options: LocalAuthorityOptions): void {
  checkKeys("", options, optionNames);
  const { port = 0, http = false, caFile, clock } = options;
  const refuse = (field: string, value: unknown, remedy: string) => {
    throw new LocalAuthorityConfigurationError(field, value, remedy);
  };
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    refuse("port", port, "give a whole number from 0 to 65535");
  if (typeof http !== "boolean") refuse("http", http, "give true or false");
  if (caFile !== undefined && (typeof caFile !== "string" || caFile === "")) {
    refuse("caFile", caFile, "give the path of a file");
  }
  if (caFile !== undefined && http)
    refuse("caFile", caFile, "leave it out: with plain HTTP there is no certificate");
  if (clock !== undefined && typeof clock !== "function") {
    refuse("clock", clock, "give a function that returns milliseconds since the epoch");
  }
}
