/**
 * How the provider signs what it sends this client: client metadata of OpenID Connect Registration §2, with the names that
 * the client is registered with.
 */
export interface ResponseAlgorithms {
  readonly id_token_signed_response_alg?: string | undefined;
}
