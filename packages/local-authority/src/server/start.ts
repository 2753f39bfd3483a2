import { getRequestListener } from "@hono/node-server";
import { writeFile } from "node:fs/promises";
import { createApp } from "./app.js";
import { createServerCertificate } from "../crypto/certificates.js";
import { createClock } from "../clock.js";
import { usesMutualTls } from "../client-authentication/mutual-tls.js";
import { createDirectory } from "../directory.js";
import { createFaults } from "./faults.js";
import { createJournal } from "../http/journal.js";
import { prepareSigningKey } from "../crypto/jwt.js";
import { createHosting } from "../emulator/hosting.js";
import { startHost } from "../emulator/start-host.js";
import { startResource } from "../resource/start-resource.js";
import { ticketAcceptor } from "../federation/ticket-acceptor.js";
import { startInstanceMetadata } from "./instance-metadata.js";
import { listen, systemCode } from "./listener.js";
import type { LocalAuthority } from "./local-authority.js";
import { LocalAuthorityConfigurationError } from "../config/checks.js";
import { resolveConfig } from "../config/resolve-config.js";
import { checkOptions, type LocalAuthorityOptions } from "../config/options.js";
import { regionalHosts } from "../config/regions.js";
import type { AuthorityState } from "../state.js";
import { createAssertionIdStore } from "../stores/assertion-ids.js";
import { createCodeStore } from "../stores/codes.js";
import { createConsentStore } from "../stores/consents.js";
import { createDeviceCodeStore } from "../stores/device-codes.js";
import { createPendingStore } from "../stores/pending-requests.js";
import { createRefreshTokenStore } from "../stores/refresh-tokens.js";
import { createSessionStore } from "../stores/sessions.js";
import { revokeSignInSessions } from "../stores/revoke-sign-in-sessions.js";
import { issuerOf } from "../tokens/tokens.js";

/**
 * Starts an identity provider on localhost that speaks the protocol of Microsoft Entra: OAuth 2.0 (RFC 6749, RFC 7636) and
 * OpenID Connect Core, with Entra's endpoints, claims and errors. It listens on the loopback addresses only.
 *
 * @param options all are optional; without options it has two tenants with apps and users, on a free port
 * @returns the running authority; call `close` to stop it
 * @throws {LocalAuthorityConfigurationError} for an invalid option, including a port that is in use; the message names it
 * @throws {Error} from the operating system, if `caFile` cannot be written
 *
 * @example
 * ```ts
 * import { startLocalAuthority } from "@tessera/local-authority";
 *
 * const authority = await startLocalAuthority({ http: true });
 * const response = await fetch(`${authority.authorityUrl()}/oauth2/v2.0/token`, {
 *   method: "POST",
 *   body: new URLSearchParams({
 *     grant_type: "client_credentials",
 *     client_id: "c0c0c0c0-0000-4000-8000-0000000000a4",
 *     client_secret: "contoso-daemon-secret",
 *     scope: "https://graph.microsoft.com/.default",
 *   }),
 * });
 * console.log(response.status); // 200
 * await authority.close();
 * ```
 */
export async function startLocalAuthority(options: LocalAuthorityOptions = {}): Promise<LocalAuthority> {
  checkOptions(options);
  const {
    port = 0,
    http = false,
    caFile,
    hosts = [],
    clock: source = Date.now,
    acceptTicket,
    ...rest
  } = options;
  const config = resolveConfig(rest);
  const needsMtls = usesMutualTls(config);
  if (http && needsMtls) {
    throw new LocalAuthorityConfigurationError(
      "http",
      http,
      "omit it: the tlsClientAuth of an app requires TLS",
    );
  }
  prepareSigningKey();
  const certificate = http
    ? undefined
    : await createServerCertificate([
        ...regionalHosts(config.instanceMetadata?.location),
        ...hosts.map((host) => host.replace(/:\d+$/, "")),
      ]);
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
    throw portError(port, cause);
  });
  const url = `${http ? "http" : "https"}://localhost:${listener.port}`;
  const mtlsListener = needsMtls ? await listen(0, certificate, true) : undefined;
  const mtlsUrl = mtlsListener && `https://localhost:${mtlsListener.port}`;
  const tickets = ticketAcceptor(acceptTicket, certificate?.certPem);
  const state: AuthorityState = { url, mtlsUrl, caPem, config, clock, directory, ...tickets, ...stores };
  const metadata =
    config.instanceMetadata &&
    (await startInstanceMetadata(config.instanceMetadata, {
      clock,
      journal,
      faults,
      closing: closing.signal,
    }));
  const started = new Set<Promise<{ readonly close: () => Promise<void> }>>();
  const keep = <T extends { readonly close: () => Promise<void> }>(starting: Promise<T>): Promise<T> => {
    started.add(starting);
    starting.catch(() => started.delete(starting));
    return starting;
  };
  const shared = { certificate, caFile, journal, faults, closing: closing.signal };
  const hosting = createHosting((name, hostOptions) => {
    if (closing.signal.aborted) throw new Error("The authority is closed: start another one.");
    return keep(startHost(name, hostOptions, { state, ...shared }));
  });
  const instanceMetadataUrl = metadata?.url;
  const app = createApp(state, { ...shared, hosting, instanceMetadataUrl, hosts });
  // A library must not replace the process's global `Request` and `Response`.
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  for (const each of [listener, mtlsListener])
    each?.serve((request, response) => void answer(request, response));
  const servers = [listener, mtlsListener, metadata].filter((server) => server !== undefined);

  let closed: Promise<void> | undefined;
  const firstTenant = config.tenants[0]?.id ?? "common";
  return {
    url,
    port: listener.port,
    caPem,
    ...(instanceMetadataUrl === undefined ? {} : { instanceMetadataUrl }),
    config,
    requests: journal.entries,
    clearRequests: () => {
      journal.clear();
    },
    authorityUrl: (tenant = firstTenant) => `${url}/${tenant}`,
    issuer: (tenantId = firstTenant) => issuerOf(url, tenantId),
    fault: (fault) => faults.add(fault),
    advanceClock: (seconds) => clock.advance(seconds),
    emulate: async (name, hostOptions = {}) => hosting.start(name, hostOptions),
    protectedResource: async (resourceOptions = {}) => {
      if (closing.signal.aborted) throw new Error("The authority is closed: start another one.");
      return keep(startResource(resourceOptions, { state, ...shared }));
    },
    revokeSignInSessions: (username) => revokeSignInSessions(state, username),
    disableUser: (username, disabled = true) => {
      directory.setDisabled(username, disabled);
    },
    expirePassword: (username, expired = true) => {
      directory.setPasswordExpired(username, expired);
    },
    close: () => {
      closing.abort();
      closed ??= Promise.all([...servers, ...started].map(async (server) => (await server).close())).then(
        () => undefined,
      );
      return closed;
    },
  };
}

/** Explains why the port cannot be used, and what to do. */
function portError(port: number, cause: unknown): unknown {
  const remedies: ReadonlyMap<unknown, string> = new Map([
    [
      "EADDRINUSE",
      "another program uses it; stop that program, choose another port, or use 0 for any free port",
    ],
    ["EACCES", "the current user may not bind it; choose a port from 1024 up, or use 0 for any free port"],
  ]);
  const remedy = remedies.get(systemCode(cause));
  return remedy === undefined ? cause : new LocalAuthorityConfigurationError("port", port, remedy, { cause });
}
