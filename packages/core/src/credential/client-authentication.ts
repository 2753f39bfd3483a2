import type { ClientTls } from "../http/http-client.js";
import type { Parameters } from "../request/parameters.js";

/** The client authentication of one request. */
export interface ClientAuthentication {
  readonly parameters: Parameters;
  readonly headers: Readonly<Record<string, string>>;
  /** Certificate to present in TLS; the request then goes to an alias of the endpoint, if there is one (RFC 8705 §5). */
  readonly tls?: ClientTls;
  /** Whether it names the client, so that the form need not. */
  readonly namesClient?: boolean;
  /** Called when the server has accepted this authentication, if that decides on the next one. */
  readonly accepted?: () => void;
  /**
   * Authenticates anew after the server has refused this authentication: with the credential that a function provides
   * the second time, or by the provider's other method.
   */
  readonly renew?: (signal?: AbortSignal) => Promise<ClientAuthentication>;
}
