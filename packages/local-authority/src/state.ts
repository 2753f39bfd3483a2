import type { AuthorityClock } from "./clock.js";
import type { AuthorityConfig } from "./config.js";
import type { Directory } from "./directory.js";
import type { AssertionIdStore } from "./stores/assertion-ids.js";
import type { CodeStore } from "./stores/codes.js";
import type { ConsentStore } from "./stores/consents.js";
import type { DeviceCodeStore } from "./stores/device-codes.js";
import type { PendingStore } from "./stores/pending-requests.js";
import type { RefreshTokenStore } from "./stores/refresh-tokens.js";
import type { SessionStore } from "./stores/sessions.js";

/** All that a running authority knows. Endpoints and grants get it whole. */
export interface AuthorityState {
  /** `https://localhost:{port}`, without a slash at the end. */
  readonly url: string;
  /** The same for clients with a TLS certificate (RFC 8705 §5); absent when no app has one. */
  readonly mtlsUrl?: string;
  /** The certificate that its own TLS is to be trusted by, PEM; empty with plain HTTP. */
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
  /** Authorization requests that wait for the user. */
  readonly pending: PendingStore;
}
