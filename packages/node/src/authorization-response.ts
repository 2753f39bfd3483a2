/** Parameters of the authorization response, as they came to the redirect URI. Anybody can send a browser there. */
export interface AuthorizationCodePayload {
  code: string;
  /** Compared with that of the request. */
  state?: string;
  /** Never believed: the nonce to expect is that of the request. */
  nonce?: string;
  client_info?: string;
  /** Issuer of the response (RFC 9207); checked when it is there. */
  iss?: string;
  error?: string;
  error_description?: string;
  cloud_instance_name?: string;
  /** The Entra cloud that redeems the code of a public client, if it is a known one. */
  cloud_instance_host_name?: string;
  cloud_graph_host_name?: string;
  msgraph_host?: string;
}

/** Every parameter an authorization response may have, a failed one included. */
export interface AuthorizeResponse extends Partial<AuthorizationCodePayload> {
  error_uri?: string;
  suberror?: string;
  timestamp?: string;
  trace_id?: string;
  correlation_id?: string;
  /** Claims challenge, JSON text. */
  claims?: string;
  ear_jwe?: string;
  accountId?: string;
  clientdata?: string;
}
