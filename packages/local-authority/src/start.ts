import { getRequestListener } from "@hono/node-server";
import { writeFile } from "node:fs/promises";
import { createApp } from "./app.js";
import { createServerCertificate } from "./certificates.js";
import { createClock } from "./clock.js";
import { usesMutualTls } from "./client-authentication/mutual-tls.js";
import type { AuthorityConfig } from "./config.js";
import { createDirectory } from "./directory.js";
import { createFaults, type Fault, type FaultHandle } from "./faults.js";
import { createJournal, type RecordedRequest } from "./journal.js";
import { prepareSigningKey } from "./jwt.js";
import { startInstanceMetadata } from "./instance-metadata.js";
import { listen, systemCode } from "./listener.js";
import { LocalAuthorityConfigurationError } from "./config-checks.js";
import { resolveConfig } from "./resolve-config.js";
import { checkOptions, type LocalAuthorityOptions } from "./options.js";
import { regionalHosts } from "./regions.js";
import type { AuthorityState } from "./state.js";
import { createAssertionIdStore } from "./stores/assertion-ids.js";
import { createCodeStore } from "./stores/codes.js";
import { createConsentStore } from "./stores/consents.js";
import { createDeviceCodeStore } from "./stores/device-codes.js";
import { createPendingStore } from "./stores/pending-requests.js";
import { createRefreshTokenStore } from "./stores/refresh-tokens.js";
import { createSessionStore } from "./stores/sessions.js";
import { issuerOf } from "./tokens.js";

/** An identity provider that is running. */
export interface LocalAuthority {
  /** `https://localhost:{port}`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** The certificate to trust, as PEM; empty with plain HTTP. */
  readonly caPem: string;
  /** In the place of `http://169.254.169.254`; absent without the option `instanceMetadata`. */
  readonly instanceMetadataUrl?: string;
  /** Tenants, their apps and users, and all other settings, defaults filled in. */
  readonly config: AuthorityConfig;
  /** What came in, oldest first; the newest 10,000 are kept. The array is live. */
  readonly requests: readonly RecordedRequest[];
  /** Empties `requests`. */
  readonly clearRequests: () => void;
  /**
   * `{url}/{tenant}`, to be given to a client as its authority.
   * @param tenant GUID, domain, `common`, `organizations` or `consumers`; `adfs` for the AD FS; `{domain}/b2c_1_{name}` for
   * a policy of B2C. Default: the id of the first tenant
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
   * @throws {RangeError} for what is no finite number
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
  /**
   * Lets a password expire, or makes it good again.
   * @throws {RangeError} for an unknown user
   */
  readonly expirePassword: (username: string, expired?: boolean) => void;
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
 * @throws {LocalAuthorityConfigurationError} for an option that cannot be used, a port that is taken among them; the
 * message names it
 * @throws {Error} of the operating system, when `caFile` cannot be written
 */
export async function startLocalAuthority(options: LocalAuthorityOptions = {}): Promise<LocalAuthority> {
  checkOptions(options);
  const { port = 0, http = false, caFile, clock: source = Date.now, ...rest } = options;
  const config = resolveConfig(rest);
  const needsMtls = usesMutualTls(config);
  if (http && needsMtls) {
    throw new LocalAuthorityConfigurationError(
      "http",
      http,
      "leave it out: tlsClientAuth of an app needs TLS",
    );
  }
  prepareSigningKey();
  const certificate = http
    ? undefined
    : await createServerCertificate(regionalHosts(config.instanceMetadata?.location));
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
    deviceCodes: createDeviceCodeStore(clock, config.deviceCode),
    refreshTokens: createRefreshTokenStore(clock, lifetimes.refreshToken),
    sessions: createSessionStore(clock, lifetimes.session),
    consents: createConsentStore(),
    pending: createPendingStore(),
    assertionIds: createAssertionIdStore(clock),
  };

  const listener = await listen(port, certificate).catch((cause: unknown) => {
    throw unusablePort(port, cause);
  });
  const url = `${http ? "http" : "https"}://localhost:${listener.port}`;
  const mtlsListener = needsMtls ? await listen(0, certificate, true) : undefined;
  const mtlsUrl = mtlsListener && `https://localhost:${mtlsListener.port}`;
  const state: AuthorityState = { url, mtlsUrl, caPem, config, clock, directory, ...stores };
  const app = createApp(state, journal, faults, closing.signal);
  // `Request` and `Response` of the process stay as they are: a library has no business replacing them.
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const metadata =
    config.instanceMetadata &&
    (await startInstanceMetadata(config.instanceMetadata, {
      clock,
      journal,
      faults,
      closing: closing.signal,
    }));
  for (const each of [listener, mtlsListener])
    each?.serve((request, response) => void answer(request, response));
  const servers = [listener, mtlsListener, metadata].filter((server) => server !== undefined);

  let closed: Promise<void> | undefined;
  const firstTenant = config.tenants[0]?.id ?? "common";
  return {
    url,
    port: listener.port,
    caPem,
    ...(metadata === undefined ? {} : { instanceMetadataUrl: metadata.url }),
    config,
    requests: journal.entries,
    clearRequests: () => {
      journal.clear();
    },
    authorityUrl: (tenant = firstTenant) => `${url}/${tenant}`,
    issuer: (tenantId = firstTenant) => issuerOf(url, tenantId),
    fault: (fault) => faults.add(fault),
    advanceClock: (seconds) => {
      if (!Number.isFinite(seconds)) throw new RangeError(`${seconds} is no number of seconds.`);
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
    expirePassword: (username, expired = true) => {
      directory.setPasswordExpired(username, expired);
    },
    close: () => {
      closing.abort();
      closed ??= Promise.all(servers.map((server) => server.close())).then(() => undefined);
      return closed;
    },
  };
}

/** What to do when the operating system does not give the port. */
function unusablePort(port: number, cause: unknown): unknown {
  const remedies: ReadonlyMap<unknown, string> = new Map([
    ["EADDRINUSE", "another program uses it; stop that one, or give another port, or 0 for any that is free"],
    ["EACCES", "this user may not take it; give one from 1024 up, or 0 for any that is free"],
  ]);
  const remedy = remedies.get(systemCode(cause));
  return remedy === undefined ? cause : new LocalAuthorityConfigurationError("port", port, remedy, { cause });
}
