import type { AuthorityClock } from "./clock.js";
import type { AuthorityConfig } from "./config/config.js";
import type { Directory } from "./directory.js";
import type { AssertionIdStore } from "./stores/assertion-ids.js";
import type { CodeStore } from "./stores/codes.js";
import type { ConsentStore } from "./stores/consents.js";
import type { DeviceCodeStore } from "./stores/device-codes.js";
import type { PendingStore } from "./stores/pending-requests.js";
import type { RefreshTokenStore } from "./stores/refresh-tokens.js";
import type { SessionStore } from "./stores/sessions.js";

/** The state of a running authority, passed to every endpoint and grant. */
export interface AuthorityState {
  /** `https://localhost:{port}`, without a trailing slash. */
  readonly url: string;
  /** The URL for clients with a TLS certificate (RFC 8705 §5); absent if no app uses one. */
  readonly mtlsUrl?: string;
  /** The authority's CA certificate in PEM format; empty with plain HTTP. */
  readonly caPem: string;
  readonly config: AuthorityConfig;
  readonly clock: AuthorityClock;
  readonly directory: Directory;
  readonly codes: CodeStore;
  readonly deviceCodes: DeviceCodeStore;
  readonly refreshTokens: RefreshTokenStore;
  readonly sessions: SessionStore;
  readonly consents: ConsentStore;
  readonly assertionIds: AssertionIdStore;
  /** Sign-in requests that wait for the user. */
  readonly pending: PendingStore;
  /** Returns the user of a Kerberos ticket, or `undefined` for one that is refused. */
  readonly acceptTicket?: (token: string) => string | undefined | Promise<string | undefined>;
}
