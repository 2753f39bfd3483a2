import type { Authority } from "../authority/authority.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";

const S256 = "S256";

/**
 * Checks that a provider supports PKCE before a user is sent there. A client of the Model Context Protocol must not use a
 * server that does not announce `S256`. Other clients send the challenge all the same, because servers ignore parameters
 * that they do not know (RFC 6749 §3.1), and log a warning if the server announces only other methods.
 *
 * @throws ClientAuthError `openid_config_error`
 */
export function requirePkceSupport(
  {
    client,
    authority: { url, metadata },
    call,
  }: {
    readonly client: Client;
    readonly authority: Authority;
    readonly call: Call;
  },
  method: string | undefined,
): void {
  const methods: unknown = metadata["code_challenge_methods_supported"];
  if (!dialectOf(url).announcesFeatures || (Array.isArray(methods) && methods.includes(S256))) return;
  const listed = Array.isArray(methods) ? `lists only "${methods.join(" ")}"` : "is missing";
  if (client.requiresPkceSupport) {
    throw clientAuthError(
      "openid_config_error",
      `The provider does not announce PKCE with S256 (code_challenge_methods_supported ${listed}): a client of the Model Context Protocol (auth.isMcp) must not use it.`,
      call,
    );
  }
  if (method === S256 && Array.isArray(methods))
    client
      .logger()
      .warning(
        `The provider does not announce PKCE with S256 (code_challenge_methods_supported ${listed}): the code may not be protected.`,
        call.correlationId,
      );
}
