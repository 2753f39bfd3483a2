/**
 * Parameters of the authorization response as received at the redirect URI. Untrusted: anyone can send a browser
 * there.
 */
export interface AuthorizationCodePayload {
  code: string;
  /** Compared with the state of the request. */
  state?: string;
  /** Ignored: the expected nonce is that of the request. */
  nonce?: string;
  client_info?: string;
  /** Issuer of the response (RFC 9207), checked if present. */
  iss?: string;
  error?: string;
  error_description?: string;
  cloud_instance_name?: string;
  /** Host of the Entra cloud that redeems the code of a public client, if it is a known one. */
  cloud_instance_host_name?: string;
  cloud_graph_host_name?: string;
  msgraph_host?: string;
}

/** All parameters an authorization response may have, including an error response. */
export interface AuthorizeResponse extends Partial<AuthorizationCodePayload> {
  error_uri?: string;
  suberror?: string;
  timestamp?: string;
  trace_id?: string;
  correlation_id?: string;
  /** Claims challenge, as JSON. */
  claims?: string;
  ear_jwe?: string;
  accountId?: string;
  clientdata?: string;
}
