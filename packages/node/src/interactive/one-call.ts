import {
  type AuthError,
  type InteractionRequiredAuthError,
  type AccountInfo,
  type BaseRequest,
  type AuthenticationResult,
  type Client,
} from "@tessera/core";
import {
  authorityOf,
  AzureCloudInstance,
  clientAuthError,
  isServed,
  KeyedMutex,
  sharedCall,
  isAuthError,
  tokenRequest,
  withoutNull,
  type TokenRequest,
} from "@tessera/core/internal";
import type { DeviceCodeRequest, PublicTokenRequest } from "../requests.js";
import type { SignIn } from "./sign-in.js";
import { hasBrowser } from "./open-browser.js";

/** Signs a user in on another device. */
type DeviceCode = (request: DeviceCodeRequest) => Promise<AuthenticationResult>;

/** How the user says no; an expired device code is a user who did not care to answer. */
const REFUSALS: ReadonlySet<string> = new Set([
  "access_denied",
  "authorization_declined",
  "user_canceled",
  "device_code_expired",
]);

/** Why no browser was opened; the second says that a package is missing. */
const NO_BROWSER: ReadonlySet<string> = new Set(["no_browser", "missing_dependency"]);

/** What became of the last question to a user. */
interface Answer {
  /** Who signed in. */
  readonly account?: AccountInfo | undefined;
  /** Who was to sign in, and how the user refused. */
  readonly refused?: { readonly who: string; readonly error: AuthError };
}

/** How far one gets without the user. */
interface Silence {
  readonly tokens?: AuthenticationResult;
  /** Whose tokens are wanted, where that is known. */
  readonly account?: AccountInfo;
  /** Why the user has to act. */
  readonly reason?: InteractionRequiredAuthError;
}

/** `acquireToken` of a public client: silently where that works, else by asking the user, one question at a time. */
export class OneCall {
  readonly #client: Client;
  readonly #signIn: SignIn;
  readonly #deviceCode: DeviceCode;
  readonly #asking = new KeyedMutex();
  #last: Answer | undefined;

  constructor(client: Client, signIn: SignIn, deviceCode: DeviceCode) {
    this.#client = client;
    this.#signIn = signIn;
    this.#deviceCode = deviceCode;
  }

  /** Runs a call; equal ones that overlap share it. */
  acquire(request: PublicTokenRequest, input: BaseRequest): Promise<AuthenticationResult> {
    const checked = { ...tokenRequest(this.#client, input), given: { ...withoutNull(request) } };
    return sharedCall(this.#client, checked, ["one call"], (call) =>
      this.#run({ ...request, ...call, timeoutMs: undefined }, checked),
    );
  }

  async #run(request: PublicTokenRequest, checked: TokenRequest): Promise<AuthenticationResult> {
    const before = this.#last;
    const { tokens } = await this.#silently(request, checked, before);
    if (tokens) return tokens;
    return this.#asking.run(
      "user",
      async () => {
        // Somebody may have answered while this call waited for its turn.
        const silence = await this.#silently(request, checked, before);
        if (silence.tokens) return silence.tokens;
        const { account, reason } = silence;
        // To ask the user of one provider at another would not help.
        if (reason && account && !(await isServed(this.#client, checked, account))) throw reason;
        const who = account ? `${account.environment} ${account.homeAccountId}` : (request.loginHint ?? "");
        const refused = this.#last === before ? undefined : this.#last?.refused;
        if (refused?.who === who) throw refused.error;
        return this.#ask(inCloudOf(this.#client, checked, request, account), silence, who);
      },
      request.signal,
    );
  }

  async #silently(
    request: PublicTokenRequest,
    checked: TokenRequest,
    before: Answer | undefined,
  ): Promise<Silence> {
    const account =
      request.account ??
      (await this.#onlyAccount(request.loginHint, checked)) ??
      (await this.#justSignedIn(before, request, checked));
    if (!account) return {};
    try {
      const { openBrowser: _, onDeviceCode: __, ...silent } = request;
      return { tokens: await this.#signIn.silently({ ...silent, account }) };
    } catch (reason) {
      if (isAuthError(reason, "InteractionRequiredAuthError")) return { account, reason };
      throw reason;
    }
  }

  /** The only known user of a provider that the request may use: those of others are not meant. */
  async #onlyAccount(username: string | undefined, checked: TokenRequest): Promise<AccountInfo | undefined> {
    const known = await this.#signIn.accounts(username ? { username } : {});
    const served = await Promise.all(known.map((account) => isServed(this.#client, checked, account)));
    const accounts = known.filter((_, index) => served[index]);
    const users = new Set(accounts.map(({ homeAccountId }) => homeAccountId));
    const home = accounts.find(({ tenantId, homeAccountId }) => homeAccountId.endsWith(`.${tenantId}`));
    return users.size === 1 ? (home ?? accounts[0]) : undefined;
  }

  /** Who signed in while a call waited for its turn: among several known users the one it is about. */
  async #justSignedIn(
    before: Answer | undefined,
    { loginHint }: PublicTokenRequest,
    checked: TokenRequest,
  ): Promise<AccountInfo | undefined> {
    const account = this.#last === before ? undefined : this.#last?.account;
    if (!account || !(await isServed(this.#client, checked, account))) return undefined;
    return !loginHint || account.username.toLowerCase() === loginHint.toLowerCase() ? account : undefined;
  }

  async #ask(request: PublicTokenRequest, silence: Silence, who: string): Promise<AuthenticationResult> {
    try {
      const result = await this.#askUser(request, silence);
      this.#last = { account: result.account ?? undefined };
      return result;
    } catch (error) {
      if (isAuthError(error) && REFUSALS.has(error.errorCode)) this.#last = { refused: { who, error } };
      throw error;
    }
  }

  async #askUser(request: PublicTokenRequest, { account, reason }: Silence): Promise<AuthenticationResult> {
    const { onDeviceCode, openBrowser, loginHint, account: _, ...common } = request;
    const ask = { ...common, claims: request.claims ?? (reason?.claims || undefined) };
    const why = reason?.errorCode ?? (account ? "there are no tokens" : "no account is known");
    const { correlationId = "" } = common;
    if (openBrowser || this.#signIn.needsNoBrowser || hasBrowser()) {
      this.#client.logger().info(`The user has to sign in (${why}): through the browser.`, correlationId);
      try {
        const opener = openBrowser ? { openBrowser } : {};
        return await this.#signIn.interactively({ ...ask, account, loginHint, ...opener });
      } catch (error) {
        if (!(isAuthError(error) && NO_BROWSER.has(error.errorCode) && onDeviceCode)) throw error;
        this.#client.logger().warning(error.errorMessage, error.correlationId);
      }
    }
    if (onDeviceCode) {
      this.#client.logger().info(`The user has to sign in (${why}): with a device code.`, correlationId);
      return this.#deviceCode({ ...ask, deviceCodeCallback: onDeviceCode });
    }
    throw clientAuthError(
      "no_browser",
      "The user has to sign in, but no browser can be opened here: pass onDeviceCode, or openBrowser.",
      { correlationId: request.correlationId, cause: reason },
    );
  }
}

/** The request, sent to the cloud of an account that is in another one than the app. */
function inCloudOf(
  client: Client,
  checked: TokenRequest,
  request: PublicTokenRequest,
  account: AccountInfo | undefined,
): PublicTokenRequest {
  const { href } = client.authorities.url(checked.authorityUrl);
  const authority = account ? authorityOf(client, checked, account).href : href;
  if (authority === href) return request;
  return { ...request, authority, azureCloudOptions: { azureCloudInstance: AzureCloudInstance.None } };
}
