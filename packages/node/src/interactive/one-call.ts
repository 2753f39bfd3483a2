import {
  type AuthError,
  type AccountInfo,
  type BaseRequest,
  type AuthenticationResult,
  type Client,
} from "@tessera/core";
import {
  tenantAuthorityOf,
  AzureCloudInstance,
  clientAuthError,
  emptyChoice,
  isServed,
  KeyedMutex,
  sharedCall,
  isAuthError,
  tokenRequest,
  withoutNull,
  type Budget,
  type TokenRequest,
} from "@tessera/core/internal";
import type { DeviceCodeRequest, InteractiveRequest, PublicTokenRequest } from "../requests.js";
import type { SignIn } from "./sign-in.js";
import { hasBrowser } from "./open-browser.js";

/** Signs a user in on another device. */
type DeviceCode = (request: DeviceCodeRequest) => Promise<AuthenticationResult>;

/** Errors that mean that the user refused. An expired device code counts as a refusal. */
const REFUSALS: ReadonlySet<string> = new Set([
  "access_denied",
  "authorization_declined",
  "user_canceled",
  "device_code_expired",
]);

/** Errors that mean that no browser could be opened, or that the package for it is missing. */
const NO_BROWSER: ReadonlySet<string> = new Set(["no_browser", "missing_dependency"]);

/** A request, and what only a prompt needs. */
export type CallRequest = PublicTokenRequest &
  Pick<InteractiveRequest, "redirectUri" | "prompt" | "useNonce">;

/** Whether a refresh failed because the user has to sign in again: other providers than Microsoft's say only `invalid_grant`. */
export function endsSession(error: unknown): error is AuthError {
  if (isAuthError(error, "InteractionRequiredAuthError")) return true;
  return isAuthError(error, "ServerError") && error.errorCode === "invalid_grant";
}

/** The outcome of the last prompt. */
interface PromptOutcome {
  /** The user who signed in. */
  readonly account?: AccountInfo | undefined;
  /** The expected user, and the error of the refusal. */
  readonly refused?: { readonly who: string; readonly error: AuthError };
}

/** The outcome of a silent attempt. */
interface SilentOutcome {
  readonly tokens?: AuthenticationResult;
  /** The user whose tokens are requested, if known. */
  readonly account?: AccountInfo;
  /** Why the user must sign in. */
  readonly reason?: AuthError;
}

/**
 * `acquireToken` of a public client: silently if possible, otherwise with a prompt. Prompts are shown one at a time.
 */
export class OneCall {
  readonly #client: Client;
  readonly #signIn: SignIn;
  readonly #deviceCode: DeviceCode;
  readonly #hasSystemBrowser: () => boolean;
  readonly #prompts = new KeyedMutex();
  #last: PromptOutcome | undefined;

  /** @param hasSystemBrowser whether a browser may be opened for a request without `openBrowser` */
  constructor(client: Client, signIn: SignIn, deviceCode: DeviceCode, hasSystemBrowser = hasBrowser) {
    this.#hasSystemBrowser = hasSystemBrowser;
    this.#client = client;
    this.#signIn = signIn;
    this.#deviceCode = deviceCode;
  }

  /**
   * Runs a call that equal concurrent calls share.
   *
   * @param mustAsk whether the user has to decide, because a refresh cannot bring more than was granted. A call that has
   * waited for another prompt looks for its token first
   * @param budget what is left to the call before the user is asked
   */
  acquire(
    request: CallRequest,
    input: BaseRequest,
    mustAsk = false,
    budget?: Budget,
  ): Promise<AuthenticationResult> {
    if (request.loginHint === "") throw emptyChoice("loginHint", request.correlationId);
    const checked = { ...tokenRequest(this.#client, input), given: { ...withoutNull(request) }, budget };
    return sharedCall(this.#client, checked, { flow: ["one call", mustAsk] }, (call) => {
      const { correlationId, signal, budget: left } = call;
      const shared = { ...request, correlationId, signal, timeoutMs: undefined };
      return this.#run(shared, { ...checked, budget: left }, mustAsk);
    });
  }

  async #run(request: CallRequest, checked: TokenRequest, mustAsk: boolean): Promise<AuthenticationResult> {
    const before = this.#last;
    if (!mustAsk) {
      const { tokens } = await this.#silently(request, checked, before);
      if (tokens) return tokens;
    }
    const prompted = (): Promise<AuthenticationResult> =>
      this.#prompts.run(
        "user",
        async () => {
          // Another call may have signed the user in while this one waited.
          const isFirst = mustAsk && this.#last === before;
          // The time that other users have taken is not the call's.
          const outcome = isFirst
            ? await this.#userOf(request, checked, before)
            : await this.#silently(request, { ...checked, budget: undefined }, before);
          if (outcome.tokens) return outcome.tokens;
          const { account, reason } = outcome;
          // Prompting at one provider would not help a user of another.
          if (reason && account && !(await isServed(this.#client, checked, account))) throw reason;
          const who = account ? `${account.environment} ${account.homeAccountId}` : (request.loginHint ?? "");
          const refused = this.#last === before ? undefined : this.#last?.refused;
          if (refused?.who === who) throw refused.error;
          return this.#prompt(inCloudOf(this.#client, checked, request, account), outcome, who);
        },
        request.signal,
      );
    // Time that belongs to the user does not count.
    return checked.budget?.apart(prompted) ?? prompted();
  }

  async #silently(
    request: PublicTokenRequest,
    checked: TokenRequest,
    before: PromptOutcome | undefined,
  ): Promise<SilentOutcome> {
    const { account } = await this.#userOf(request, checked, before);
    if (!account) return {};
    try {
      const { openBrowser: _, onDeviceCode: __, ...silent } = request;
      return { tokens: await this.#signIn.silently({ ...silent, account }, checked.budget) };
    } catch (reason) {
      if (endsSession(reason)) return { account, reason };
      throw reason;
    }
  }

  async #userOf(
    request: PublicTokenRequest,
    checked: TokenRequest,
    before: PromptOutcome | undefined,
  ): Promise<SilentOutcome> {
    const account =
      request.account ??
      (await this.#onlyAccount(request.loginHint, checked)) ??
      (await this.#justSignedIn(before, request, checked));
    return account ? { account } : {};
  }

  /** Returns the only known user of the request's provider, if there is exactly one. */
  async #onlyAccount(username: string | undefined, checked: TokenRequest): Promise<AccountInfo | undefined> {
    const known = await this.#signIn.accounts(username ? { username } : {});
    const served = await Promise.all(known.map((account) => isServed(this.#client, checked, account)));
    const accounts = known.filter((_, index) => served[index]);
    const users = new Set(accounts.map(({ homeAccountId }) => homeAccountId));
    const home = accounts.find(({ tenantId, homeAccountId }) => homeAccountId.endsWith(`.${tenantId}`));
    return users.size === 1 ? (home ?? accounts[0]) : undefined;
  }

  /** Returns the user who signed in while a call waited for its turn, if it is the one that the call concerns. */
  async #justSignedIn(
    before: PromptOutcome | undefined,
    { loginHint }: PublicTokenRequest,
    checked: TokenRequest,
  ): Promise<AccountInfo | undefined> {
    const account = this.#last === before ? undefined : this.#last?.account;
    if (!account || !(await isServed(this.#client, checked, account))) return undefined;
    return !loginHint || account.username.toLowerCase() === loginHint.toLowerCase() ? account : undefined;
  }

  async #prompt(
    request: PublicTokenRequest,
    outcome: SilentOutcome,
    who: string,
  ): Promise<AuthenticationResult> {
    try {
      const result = await this.#signInUser(request, outcome);
      this.#last = { account: result.account ?? undefined };
      return result;
    } catch (error) {
      if (isAuthError(error) && REFUSALS.has(error.errorCode)) this.#last = { refused: { who, error } };
      throw error;
    }
  }

  async #signInUser(
    request: PublicTokenRequest,
    { account, reason }: SilentOutcome,
  ): Promise<AuthenticationResult> {
    const { onDeviceCode, openBrowser, loginHint, account: _, ...common } = request;
    const wanted = isAuthError(reason, "InteractionRequiredAuthError") ? reason.claims : "";
    const ask = { ...common, claims: request.claims ?? (wanted || undefined) };
    const why = reason?.errorCode ?? (account ? "there are no tokens" : "no account is known");
    const { correlationId = "" } = common;
    if (openBrowser || this.#signIn.needsNoBrowser || this.#hasSystemBrowser()) {
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
      "The user must sign in, but no browser can be opened: pass onDeviceCode or openBrowser.",
      { correlationId: request.correlationId, cause: reason },
    );
  }
}

/** Returns the request with the authority of the account's cloud and tenant, if they are not the app's. */
function inCloudOf(
  client: Client,
  checked: TokenRequest,
  request: PublicTokenRequest,
  account: AccountInfo | undefined,
): PublicTokenRequest {
  const { href } = client.authorities.url(checked.authorityUrl);
  const authority = account ? tenantAuthorityOf(client, checked, account).href : href;
  if (authority === href) return request;
  return { ...request, authority, azureCloudOptions: { azureCloudInstance: AzureCloudInstance.None } };
}
