import type { Client } from "../client/client.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { TokenRequest } from "../request/token-request.js";

/** What protects the code of a sign-in besides the state. */
export interface Protection {
  readonly usePkce?: boolean;
  readonly useNonce?: boolean;
}

/**
 * PKCE and the nonce are used unless the app says otherwise, which is logged.
 *
 * @throws ClientConfigurationError `invalid_option` where the nonce is needed
 */
export function protectionOf(
  client: Client,
  {
    usePkce = true,
    useNonce = true,
    nonce,
    responseType,
  }: Protection & { readonly nonce?: string; readonly responseType?: string },
  request: TokenRequest,
): Required<Protection> {
  if (!useNonce && (nonce || (responseType ?? "code") !== "code")) {
    const why = nonce ? "a nonce is passed" : "the ID token in the response is bound to the sign-in by it";
    throw clientConfigurationError(
      "invalid_option",
      `useNonce is false, but ${why}: omit useNonce.`,
      request,
    );
  }
  if (!usePkce && client.requiresPkceSupport) {
    const text = "usePkce is false, but auth.isMcp requires PKCE (Model Context Protocol): omit usePkce.";
    throw clientConfigurationError("invalid_option", text, request);
  }
  const off = [usePkce ? "" : "PKCE (usePkce is false)", useNonce ? "" : "nonce (useNonce is false)"];
  if (!usePkce || !useNonce) {
    client
      .logger()
      .warning(
        `The sign-in goes without ${off.filter(Boolean).join(" and without ")}.`,
        request.correlationId,
      );
  }
  return { usePkce, useNonce };
}
