import type { AuthenticationResult, ClientCredential } from "@tessera/core";
import {
  backchannelAuthentication,
  BackchannelPings,
  invalidOption,
  requireRecord,
  type BackchannelNotification,
} from "@tessera/core/internal";
import { ClientApplication } from "./client-application.js";
import type { Configuration } from "./configuration.js";
import type { BackchannelAuthenticationRequest } from "./requests.js";

/** Base class of confidential clients: users who sign in on a device of theirs (OpenID CIBA). */
export abstract class BackchannelApplication extends ClientApplication {
  readonly #pings: BackchannelPings | undefined;

  /** @throws ClientConfigurationError for any mistake in the configuration */
  protected constructor(configuration: Configuration, credential: ClientCredential) {
    super(configuration, credential);
    this.#pings = pingsOf(configuration);
  }

  /**
   * Acquires tokens for a user who is asked on a device of theirs, such as a phone, while this application waits: at a
   * till, in a call center, for a machine.
   *
   * @param request exactly one of `loginHint`, `loginHintToken` and `idTokenHint` names the user
   * @throws ServerError when the user declines (`access_denied`) and for any other error response; ClientAuthError
   * `openid_config_error` when the provider does not offer it, `backchannel_request_expired`,
   * `backchannel_request_cancelled`, `user_timeout_reached`
   * @see OpenID Connect Client-Initiated Backchannel Authentication Flow, Core 1.0
   * @example
   * ```ts
   * const user = { loginHint: "alice@contoso.example", bindingMessage: "till-42" };
   * const { account } = await openIdApp.acquireTokenByBackchannelAuthentication({ ...user, scopes: ["openid"] });
   * ```
   */
  acquireTokenByBackchannelAuthentication(
    request: BackchannelAuthenticationRequest,
  ): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByBackchannelAuthentication", request, () =>
      backchannelAuthentication(this.client, this.checked(request), this.#pings),
    );
  }

  /**
   * Passes a notification of the provider on to the call that waits for it, which then fetches its tokens at once. For
   * applications with `clientMetadata.backchannel_token_delivery_mode: "ping"`; their token is compared in constant time.
   *
   * @param notification header and body of the request to the app's notification endpoint
   * @returns whether a call of this application waits for it: answer with 204 if so, and with 401 otherwise
   * @see OpenID CIBA Core 1.0 §10.2
   * @example
   * ```ts
   * const notification = { authorization: "Bearer a-token", body: { auth_req_id: "an-id" } };
   * const status = app.receiveBackchannelNotification(notification) ? 204 : 401;
   * ```
   */
  receiveBackchannelNotification(notification: BackchannelNotification): boolean {
    const { authorization, body } = requireRecord(notification, "notification", "{ authorization, body }");
    return this.#pings?.receive({ authorization, body }) ?? false;
  }
}

function pingsOf({ auth }: Configuration): BackchannelPings | undefined {
  const mode = auth.clientMetadata?.backchannel_token_delivery_mode ?? "poll";
  if (mode === "poll") return undefined;
  if (mode === "ping") return new BackchannelPings();
  throw invalidOption(
    "auth.clientMetadata.backchannel_token_delivery_mode",
    `is "${mode}"`,
    'use "poll" or "ping"; "push" is not supported',
  );
}
