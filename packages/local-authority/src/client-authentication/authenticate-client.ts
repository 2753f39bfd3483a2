import type { X509Certificate } from "node:crypto";
import { isConfidential, type App } from "../config/config.js";
import { admitDescribedClient } from "../clients/described-client.js";
import type { TenantScope } from "../directory.js";
import { refuse } from "../errors/errors.js";
import { readJwt } from "../crypto/jwt.js";
import type { Parameters } from "../http/parameters.js";
import type { AuthorityState } from "../state.js";
import { verifyAssertion } from "./assertion.js";
import { certificateHash, isOwnCertificate } from "./mutual-tls.js";
import { checkSecret, readBasic } from "./secret.js";

/** The authenticated client of a token request. */
export interface AuthenticatedClient {
  readonly app: App;
  /** How the client authenticated: see `AccessTokenInput`. */
  readonly azpacr: "0" | "1" | "2";
  /** SHA-256 hash of the TLS client certificate that tokens are bound to (RFC 8705 §3.1). */
  readonly boundTo?: string;
}

/** The parts of a request that can contain a credential. */
export interface ClientRequest {
  readonly form: Parameters;
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  /** The certificates from the TLS handshake, the client's own first. */
  readonly certificates: readonly X509Certificate[];
  readonly at: TenantScope;
}

/** RFC 7523 §2.2 */
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * Authenticates the client (RFC 6749 §2.3) with exactly one of: `client_secret` in the body or HTTP Basic, a signed
 * assertion (RFC 7523 §2.2), a TLS client certificate (RFC 8705 §2).
 *
 * @throws {AadstsError} 900144, 700016, 7000112, 50194, 9002313, 7000218, 7000215, 700025, and those of
 * `verifyAssertion` and `isOwnCertificate`
 */
export async function authenticateClient(
  state: AuthorityState,
  { form, authorization, certificates, at }: ClientRequest,
): Promise<AuthenticatedClient> {
  const basic = readBasic(authorization);
  const assertion = form["client_assertion"];
  const secret = form["client_secret"] ?? basic?.secret;
  // RFC 6749 §2.3: at most one method per request; §3.2: a parameter without a value counts as omitted.
  const given = [form["client_secret"], basic, assertion].filter(Boolean);
  if (given.length > 1) throw refuse(9002313);

  const clientId = form["client_id"] ?? basic?.id ?? subjectOf(assertion);
  await admitDescribedClient(state, at, clientId);
  const app = state.directory.findApp(clientId, at);
  const [certificate] = certificates;
  const boundTo = certificate === undefined ? {} : { boundTo: certificateHash(certificate) };
  if (!isConfidential(app)) {
    if (given.length > 0) throw refuse(700025);
    return { app, azpacr: "0", ...boundTo };
  }
  if (assertion) {
    const type = form["client_assertion_type"];
    if (!type) throw refuse(900144, { parameter: "client_assertion_type" });
    if (type !== assertionType) throw refuse(9002313);
    await verifyAssertion(state, app, at, assertion);
    return { app, azpacr: "2", ...boundTo };
  }
  if (secret) {
    checkSecret(app, secret);
    return { app, azpacr: "1", ...boundTo };
  }
  if (app.tlsClientAuth !== undefined && certificate !== undefined) {
    if (!isOwnCertificate(app.tlsClientAuth, certificates, state.clock.milliseconds())) {
      throw refuse(700027, {
        summary: "Invalid TLS client certificate.",
        reason: "The certificate is not registered.",
      });
    }
    return { app, azpacr: "2", ...boundTo };
  }
  throw refuse(7000218);
}

/** RFC 7521 §4.2: `client_id` is optional, since the assertion names the client. */
function subjectOf(assertion: string | undefined): string | undefined {
  const subject: unknown = assertion === undefined ? undefined : readJwt(assertion)?.claims.sub;
  return typeof subject === "string" ? subject : undefined;
}
