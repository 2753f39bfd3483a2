import {
  ClientAuthError,
  clientAuthError,
  clientConfigurationError,
  deviceCode,
  InteractionRequiredAuthError,
  KeyedMutex,
  newGuid,
  OIDC_SCOPES,
  requireRequest,
  SingleFlight,
  type AccountInfo,
  type AuthenticationResult,
  type AzureCloudOptions,
  type BaseRequest,
  type DeviceCodeResponse,
  type TokenRequest,
  withinBounds,
} from "@tessera/core";
import { ClientApplication } from "./client-application.js";
import type { Configuration } from "./configuration.js";
import type { INativeBrokerPlugin, NativeRequest } from "./interactive/broker.js";
import { interactive } from "./interactive/interactive.js";
import { hasBrowser } from "./interactive/open-browser.js";
import type { DeviceCodeRequest, InteractiveRequest, SignOutRequest, SilentFlowRequest } from "./requests.js";

/** Request of {@link PublicClientApplication.acquireToken}. */
export interface PublicTokenRequest extends BaseRequest {
  readonly scopes: readonly string[];
  /** The user whose token is wanted; the only known one by default. */
  readonly account?: AccountInfo;
  /** User name: chooses among the known users, and is filled in when somebody has to sign in. */
  readonly loginHint?: string;
  /** Shows a device code where no browser can be opened. */
  readonly onDeviceCode?: (response: DeviceCodeResponse) => unknown;
  /** Opens the URL in a browser; the system's by default. */
  readonly openBrowser?: (url: string) => Promise<unknown>;
}

/**
 * An application on a user's device: it can keep no secret, and acquires tokens in the name of a user.
 *
 * @example
 * ```ts
 * const app = new PublicClientApplication({ auth: { clientId, authority } });
 * const { accessToken } = await app.acquireToken({ scopes: ["User.Read"] });
 * ```
 */
export class PublicClientApplication extends ClientApplication {
  readonly #broker: INativeBrokerPlugin | undefined;
  readonly #requiresResource: boolean;
  readonly #asking = new KeyedMutex();
  readonly #calls = new SingleFlight();
  readonly #hasBrokerPlugin: boolean;
  /** The user who answered last. */
  #signedIn: AccountInfo | undefined;

  /**
   * @param configuration the application's configuration, without any credential
   * @throws ClientConfigurationError `public_client_with_credential`, and for every other mistake
   */
  constructor(configuration: Configuration) {
    const auth: Readonly<Record<string, unknown>> = { ...configuration?.auth };
    for (const field of ["clientSecret", "clientAssertion", "clientCertificate"]) {
      if (auth[field]) {
        throw clientConfigurationError(
          "public_client_with_credential",
          `auth.${field} is given, but a public client can keep no credential: use ConfidentialClientApplication on a server, or leave it out.`,
        );
      }
    }
    super(configuration, { kind: "none" });
    this.#requiresResource = configuration.auth.isMcp ?? false;
    const broker = configuration.broker?.nativeBrokerPlugin;
    this.#hasBrokerPlugin = broker !== undefined;
    if (broker?.isBrokerAvailable) {
      broker.setLogger(configuration.system?.loggerOptions ?? {});
      this.#broker = broker;
    }
  }

  /**
   * The one call. Silently for the chosen or the only account, with a refresh if need be; when the user has to act, through
   * the browser, or with a device code where none can be opened. Calls that overlap ask the user once: a second one waits,
   * and then needs no answer of its own.
   *
   * @throws ClientAuthError `no_browser` when the user cannot be asked in either way; otherwise as
   * {@link acquireTokenInteractive} and {@link acquireTokenByDeviceCode}
   */
  async acquireToken(request: PublicTokenRequest): Promise<AuthenticationResult> {
    requireRequest(request);
    const { signal: _, timeoutMs: __, openBrowser: ___, onDeviceCode: ____, ...equal } = request;
    const { homeAccountId, tenantId } = request.account ?? {};
    const key = JSON.stringify({ ...equal, account: [homeAccountId, tenantId] });
    // Each caller has its own deadline and its own way to leave; what they share has neither.
    return withinBounds(this.checked(request), (signal) =>
      this.#calls.run(key, signal, (shared) =>
        this.#acquire({ ...request, signal: shared, timeoutMs: undefined }),
      ),
    );
  }

  async #acquire(request: PublicTokenRequest): Promise<AuthenticationResult> {
    const signedInBefore = this.#signedIn;
    let account: AccountInfo | undefined;
    const silently = async (): Promise<AuthenticationResult | InteractionRequiredAuthError | undefined> => {
      account =
        request.account ??
        (await this.#onlyAccount(request.loginHint)) ??
        this.#justSignedIn(signedInBefore, request.loginHint);
      if (!account) return undefined;
      try {
        return await this.acquireTokenSilent({ ...request, account });
      } catch (error) {
        if (error instanceof InteractionRequiredAuthError) return error;
        throw error;
      }
    };
    const first = await silently();
    if (first && "accessToken" in first) return first;
    return this.#asking.run(
      "user",
      async () => {
        // Somebody may have signed in while this call waited for its turn.
        const again = await silently();
        if (again && "accessToken" in again) return again;
        const result = await this.#askUser({ ...request, account }, again);
        this.#signedIn = result.account ?? undefined;
        return result;
      },
      request.signal,
    );
  }

  async #askUser(
    request: PublicTokenRequest,
    reason: InteractionRequiredAuthError | undefined,
  ): Promise<AuthenticationResult> {
    const { onDeviceCode, openBrowser, account, loginHint, ...common } = request;
    const ask = { ...common, claims: request.claims ?? (reason?.claims || undefined) };
    if (openBrowser || this.#broker || hasBrowser()) {
      try {
        return await this.acquireTokenInteractive({
          ...ask,
          account,
          loginHint,
          ...(openBrowser ? { openBrowser } : {}),
        });
      } catch (error) {
        const failed = error instanceof ClientAuthError && error.errorCode === "no_browser";
        if (!failed || !onDeviceCode) throw error;
      }
    }
    if (onDeviceCode) return this.acquireTokenByDeviceCode({ ...ask, deviceCodeCallback: onDeviceCode });
    throw clientAuthError(
      "no_browser",
      "The user has to sign in, but no browser can be opened here: pass onDeviceCode, or openBrowser.",
      { correlationId: request.correlationId, cause: reason },
    );
  }

  /** Who signed in while a call waited for its turn: among several known users the one it is about. */
  #justSignedIn(before: AccountInfo | undefined, username: string | undefined): AccountInfo | undefined {
    const account = this.#signedIn;
    return account !== before && (!username || account?.username === username) ? account : undefined;
  }

  async #onlyAccount(username: string | undefined): Promise<AccountInfo | undefined> {
    const accounts = await this.getAccounts(username ? { username } : {});
    const users = new Set(accounts.map(({ homeAccountId }) => homeAccountId));
    const home = accounts.find(({ tenantId, homeAccountId }) => homeAccountId.endsWith(`.${tenantId}`));
    return users.size === 1 ? (home ?? accounts[0]) : undefined;
  }

  /**
   * Signs a user in through the browser. The answer comes to a server on loopback (RFC 8252 §7.3); the page the user sees
   * waits for the token request, and then says how it went.
   *
   * @throws ClientAuthError `no_browser`, `request_timeout`, `request_aborted`, `redirect_uri_not_supported`,
   * `loopback_server_error`; ServerError, InteractionRequiredAuthError as the server says (`access_denied`, …)
   * @see RFC 8252, RFC 7636
   */
  async acquireTokenInteractive(request: InteractiveRequest): Promise<AuthenticationResult> {
    const checked = this.checked(request);
    if (this.#broker)
      return this.#broker.acquireTokenInteractive(
        this.#nativeRequest(request, checked),
        request.windowHandle,
      );
    // Where the broker is missing, the redirect URI meant for it means nothing.
    const { redirectUri, ...rest } = request;
    return interactive(this.client, checked, this.#hasBrokerPlugin ? rest : { ...rest, redirectUri });
  }

  /**
   * Signs a user in on another device: `deviceCodeCallback` shows where to go and what to type.
   *
   * @throws ClientAuthError `device_code_expired`, `device_code_polling_cancelled`, `user_timeout_reached`,
   * `request_timeout`, `request_aborted`; ServerError as the server says (`access_denied`, `authorization_declined`, …)
   * @see RFC 8628
   */
  async acquireTokenByDeviceCode(request: DeviceCodeRequest): Promise<AuthenticationResult> {
    const checked = this.checked(request);
    const { deviceCodeCallback, timeout } = request;
    if (typeof deviceCodeCallback !== "function") {
      const remedy = "pass a function that shows the message to the user.";
      throw clientConfigurationError(
        "invalid_option",
        `deviceCodeCallback is not a function: ${remedy}`,
        checked,
      );
    }
    // `cancel` is set on the request while the user is being waited for.
    return deviceCode(this.client, checked, {
      deviceCodeCallback,
      timeout,
      cancelled: () => request.cancel === true,
    });
  }

  /** @inheritdoc */
  override async acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult> {
    const broker = this.#broker;
    if (!broker) return super.acquireTokenSilent(request);
    const native = {
      ...this.#nativeRequest(request, this.checked(request)),
      forceRefresh: request.forceRefresh ?? false,
    };
    const result = await broker.acquireTokenSilent(native);
    return { ...result, correlationId: native.correlationId };
  }

  /** @inheritdoc */
  override async getAllAccounts(): Promise<AccountInfo[]> {
    const { clientId } = this.client;
    return this.#broker ? this.#broker.getAllAccounts(clientId, newGuid()) : super.getAllAccounts();
  }

  /** Forgets a user, at the broker, too, if there is one. The session at the identity provider goes on. */
  override async signOut(request: SignOutRequest): Promise<void> {
    const { nativeAccountId } = request.account;
    if (this.#broker && nativeAccountId) {
      const correlationId = request.correlationId ?? newGuid();
      await this.#broker.signOut({
        clientId: this.client.clientId,
        accountId: nativeAccountId,
        correlationId,
      });
    }
    await super.signOut(request);
  }

  /** Checks the fields that all requests share; in MCP mode the resource is one of them (RFC 8707). */
  protected override checked(
    request: BaseRequest & { readonly azureCloudOptions?: AzureCloudOptions },
    scopesNeeded = false,
  ): TokenRequest {
    const checked = super.checked(request, scopesNeeded);
    if (this.#requiresResource) requireResource(checked);
    return checked;
  }

  #nativeRequest(request: InteractiveRequest | SilentFlowRequest, checked: TokenRequest): NativeRequest {
    const { account } = request;
    const { claims, resource, extraParameters, extraQueryParameters } = checked;
    return {
      clientId: this.client.clientId,
      authority: checked.authorityUrl,
      correlationId: checked.correlationId,
      redirectUri: "redirectUri" in request ? (request.redirectUri ?? "") : "",
      scopes: checked.scopes.length > 0 ? [...checked.scopes] : [...OIDC_SCOPES],
      ...(claims ? { claims: JSON.stringify(claims) } : {}),
      ...(resource ? { resource } : {}),
      ...("loginHint" in request && request.loginHint ? { loginHint: request.loginHint } : {}),
      ...("prompt" in request && request.prompt ? { prompt: request.prompt } : {}),
      ...("extraScopesToConsent" in request && request.extraScopesToConsent
        ? { extraScopesToConsent: [...request.extraScopesToConsent] }
        : {}),
      extraParameters: { ...extraQueryParameters, ...extraParameters },
      ...(account?.nativeAccountId ? { accountId: account.nativeAccountId } : {}),
    };
  }
}

function requireResource({
  resource,
  extraParameters,
  extraQueryParameters,
  correlationId,
}: TokenRequest): void {
  if (!resource) {
    throw clientAuthError(
      "resource_parameter_required",
      "resource is missing: with auth.isMcp every request names the protected resource (RFC 8707).",
      { correlationId },
    );
  }
  if ({ ...extraParameters, ...extraQueryParameters }["resource"] !== undefined) {
    throw clientAuthError(
      "misplaced_resource_parameter",
      "resource is in the extra parameters, too: give it as the request's own field only.",
      { correlationId },
    );
  }
}
