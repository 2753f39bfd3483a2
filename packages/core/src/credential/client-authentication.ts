import type { ClientTls } from "../http/http-client.js";
import type { Parameters } from "../request/parameters.js";

/** The client authentication of one request. */
export interface ClientAuthentication {
  readonly parameters: Parameters;
  readonly headers: Readonly<Record<string, string>>;
  /** Certificate to present in TLS; the request then goes to an alias of the endpoint, if there is one (RFC 8705 §5). */
  readonly tls?: ClientTls;
  /**
   * Authenticates anew after the server has refused this authentication. Only a credential that a function provides can
   * differ the second time.
   */
  readonly renew?: () => Promise<ClientAuthentication>;
}
