import {
  deviceCode,
  LogLevel,
  type AccountInfo,
  type AuthenticationResult,
  type LoggerOptions,
} from "@tessera/core";
import {
  clientConfigurationError,
  freshUserTokens,
  integratedWindowsAuth,
  requireAccount,
  requireRecord,
  isRecord,
  requireRequest,
  type AccountFilter,
} from "@tessera/core/internal";
import { SIGN_OUT } from "./application.js";
import { ClientApplication } from "./client-application.js";
import type { Configuration } from "./configuration.js";
import { isGiven } from "./credential/credential.js";
import { brokerSignIn } from "./broker/broker-calls.js";
import { offerFreshTokens } from "./fresh-tokens.js";
import { browserSignIn } from "./interactive/browser-sign-in.js";
import { OneCall } from "./interactive/one-call.js";
import type { SignIn } from "./interactive/sign-in.js";
import { requireResource } from "./mcp-resource.js";
import { withoutBrokerFields, type MsalRequest } from "./msal/msal-request.js";
import type {
  DeviceCodeRequest,
  IntegratedWindowsAuthRequest,
  InteractiveRequest,
  PublicTokenRequest,
  SignOutRequest,
  SilentFlowRequest,
} from "./requests.js";
import { systemTickets } from "./windows-auth/system-tickets.js";

/** Logger options for a broker when the app has none: plugins call the callback without checking that it exists. */
const SILENT_LOGGER: LoggerOptions = {
  loggerCallback: () => undefined,
  piiLoggingEnabled: false,
  logLevel: LogLevel.Info,
};

const CREDENTIALS = ["clientSecret", "clientAssertion", "clientCertificate"] as const;

function credentialsIn(configuration: Configuration): readonly string[] {
  return CREDENTIALS.filter((field) => isGiven(configuration.auth[field]));
}

/** Removes the credential, so that code that reads the configuration cannot send it. */
function withoutCredential(configuration: Configuration): Configuration {
  // What is missing, or not an object, is refused later, by name.
  if (!isRecord(configuration?.auth)) return configuration;
  const { clientSecret: _, clientAssertion: __, clientCertificate: ___, ...auth } = configuration.auth;
  return { ...configuration, auth };
}

/**
 * An application on a user's device. It cannot hold a credential, and acquires tokens for users.
 *
 * @example
 * ```ts
 * const auth = { clientId: "c0c0c0c0-0000-4000-8000-0000000000a2", authority };
 * const app = new PublicClientApplication({ auth });
 * const { accessToken } = await app.acquireToken({ scopes: ["User.Read"], openBrowser });
 * ```
 */
export class PublicClientApplication extends ClientApplication {
  readonly #signIn: SignIn;
  readonly #requiresResource: boolean;
  readonly #oneCall: OneCall;

  /**
   * Checks the configuration and creates the application. Nothing is sent; one object serves the whole process.
   *
   * @param configuration the application's configuration; a credential in it is ignored with a warning
   * @throws ClientConfigurationError for every mistake
   */
  constructor(configuration: Configuration) {
    super(withoutCredential(configuration), { kind: "none" });
    for (const field of credentialsIn(configuration)) {
      this.getLogger().warning(
        `auth.${field} is ignored: a public client cannot hold a credential. Use ConfidentialClientApplication on a server, or omit it.`,
      );
    }
    this.#requiresResource = configuration.auth.isMcp ?? false;
    const checked = <R extends MsalRequest>(request: R): R => this.checked(request);
    const broker = configuration.broker?.nativeBrokerPlugin;
    if (broker?.isBrokerAvailable) {
      broker.setLogger(configuration.system?.loggerOptions ?? SILENT_LOGGER);
      this.#signIn = brokerSignIn(this.client, broker, checked);
    } else {
      this.#signIn = browserSignIn(this.client, checked, broker !== undefined && broker !== null);
      offerFreshTokens(this, (request) => {
        const { account } = request;
        return account && freshUserTokens(this.client, { ...checked(request), account });
      });
    }
    this.#oneCall = new OneCall(this.client, this.#signIn, (request) =>
      this.acquireTokenByDeviceCode(request),
    );
  }

  /**
   * Acquires a token: silently for the given or the only account, with a refresh if needed. If the user must sign in,
   * it opens the browser, or uses a device code if no browser is available. Concurrent calls prompt the user once and
   * share the outcome, including a refusal.
   *
   * @throws ClientAuthError `no_browser` when neither is possible; otherwise like {@link acquireTokenInteractive} and
   * {@link acquireTokenByDeviceCode}
   * @example
   * ```ts
   * const { accessToken } = await publicApp.acquireToken({
   *   scopes: ["User.Read"],
   *   onDeviceCode: ({ message }) => console.log(message),
   * });
   * ```
   */
  acquireToken(request: PublicTokenRequest): Promise<AuthenticationResult> {
    return this.logged("acquireToken", request, () => {
      requireRequest(request);
      if ("deviceCodeCallback" in request && !request.onDeviceCode) {
        throw clientConfigurationError(
          "invalid_option",
          "deviceCodeCallback belongs to acquireTokenByDeviceCode: pass onDeviceCode to acquireToken.",
        );
      }
      const known = this.#signIn.needsNoBrowser ? withoutBrokerFields(request) : request;
      return this.#oneCall.acquire(request, this.checked(known));
    });
  }

  /**
   * Signs a user in through the browser. A loopback server receives the response (RFC 8252 §7.3). The browser's page
   * shows the outcome once the token request has completed.
   *
   * @throws ClientAuthError `no_browser`, `request_timeout`, `request_aborted`, `redirect_uri_not_supported`,
   * `loopback_server_error`; ServerError, InteractionRequiredAuthError for an error response (`access_denied`, …)
   * @see RFC 8252, RFC 7636
   * @example
   * ```ts
   * const signal = AbortSignal.timeout(300_000);
   * const { account } = await publicApp.acquireTokenInteractive({ scopes: ["User.Read"], openBrowser, signal });
   * ```
   */
  acquireTokenInteractive(request: InteractiveRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenInteractive", request, () => this.#signIn.interactively(request));
  }

  /**
   * Signs a user in on another device: `deviceCodeCallback` shows the user the URL and the code.
   *
   * @throws ClientAuthError `device_code_expired`, `device_code_polling_cancelled`, `user_timeout_reached`,
   * `request_timeout`, `request_aborted`; ServerError for an error response (`access_denied`, `authorization_declined`, …)
   * @see RFC 8628
   * @example
   * ```ts
   * const { account } = await publicApp.acquireTokenByDeviceCode({
   *   scopes: ["User.Read"],
   *   deviceCodeCallback: ({ message }) => console.log(message),
   * });
   * ```
   */
  acquireTokenByDeviceCode(request: DeviceCodeRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByDeviceCode", request, () =>
      deviceCode(this.client, {
        ...this.checked(request),
        // The caller sets it on its own object during the call.
        get cancel() {
          return request.cancel === true;
        },
      }),
    );
  }

  /**
   * Signs in the user of the operating system without a prompt, with the Kerberos ticket of the Windows domain, for users of
   * a federated domain: the federation server (AD FS) takes the ticket, and Entra the server's assertion. The ticket comes
   * from GSSAPI (Linux, macOS) or SSPI (Windows) with the package `koffi`, or from `negotiate`.
   *
   * @deprecated Multi-factor authentication and conditional access do not work, and managed users have no ticket: use an
   * account broker where there is one.
   * @throws ClientAuthError `integrated_windows_authentication_failed` without a ticket, for one that is refused, and for
   * an authority without federated users; `integrated_windows_auth_not_supported_managed_user`,
   * `missing_user_identifier`, `user_realm_discovery_failed`, `federation_error`; ClientConfigurationError
   * `missing_dependency`; ServerError, InteractionRequiredAuthError for an error response
   * @see RFC 4559, RFC 7522
   * @example
   * ```ts
   * const { account } = await publicApp.acquireTokenByIntegratedWindowsAuth({
   *   scopes: ["User.Read"],
   *   username: "grace@corp.contoso.example",
   *   negotiate: async ({ service }) => kerberosTicket(service),
   * });
   * ```
   */
  acquireTokenByIntegratedWindowsAuth(request: IntegratedWindowsAuthRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByIntegratedWindowsAuth", request, () =>
      integratedWindowsAuth(this.client, this.checked(request), systemTickets()),
    );
  }

  /** @inheritdoc */
  override acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenSilent", request, () => this.#signIn.silently(request));
  }

  /** @inheritdoc */
  override async getAllAccounts(): Promise<AccountInfo[]> {
    return this.getAccounts({});
  }

  /** @inheritdoc */
  override async getAccounts(filter: AccountFilter = {}): Promise<AccountInfo[]> {
    return this.#signIn.accounts(requireRecord(filter ?? {}, "filter"));
  }

  /**
   * Removes a user, also from the broker if there is one. The session at the identity provider continues.
   *
   * @example
   * ```ts
   * await publicApp.signOut({ account });
   * ```
   */
  override async signOut(request: SignOutRequest): Promise<void> {
    requireAccount(request?.account, SIGN_OUT);
    await this.#signIn.signOut(request);
    await super.signOut(request);
  }

  /** Checks the fields common to all requests, including the resource in MCP mode (RFC 8707). */
  protected override checked<R extends MsalRequest>(request: R): R {
    const checked = super.checked(request);
    if (this.#requiresResource) requireResource(checked);
    return checked;
  }
}
