import type { ClientTls } from "../http/http-client.js";
import type { Parameters } from "../request/parameters.js";

/** The client authentication of one request. */
export interface ClientAuthentication {
  readonly parameters: Parameters;
  readonly headers: Readonly<Record<string, string>>;
  /** Where to send the request, if not to the authority's token endpoint (RFC 8705 §5). */
  readonly tokenEndpoint?: string;
  /** Certificate to present in TLS. */
  readonly tls?: ClientTls;
  /**
   * Authenticates anew after the server has refused this authentication. Only a credential that a function provides can
   * differ the second time.
   */
  readonly renew?: () => Promise<ClientAuthentication>;
}
