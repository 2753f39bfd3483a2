import type { AccountInfo, AuthenticationResult } from "@tessera/core";
import {
  acrossApps,
  clientCredentialsNow,
  deviceCode,
  dialectOf,
  interactionRequiredError,
  isServed,
  silentNow,
  tokenRequest,
  type AssertionContext,
  type Budget,
  type ClientCredential,
} from "@tessera/core/internal";
import { ClientApplication } from "../client-application.js";
import { identityAssertion, subjectOf, type CompanyApplication } from "../cross-app/identity-assertion.js";
import type { IdentityOfUser } from "../cross-app/identity-of-user.js";
import type { Configuration } from "../configuration.js";
import { browserSignIn } from "../interactive/browser-sign-in.js";
import { OneCall, type CallRequest } from "../interactive/one-call.js";

/** A request for a token of a resource. */
export interface IssuerRequest extends CallRequest {
  /** The home account ID of the user, if it is known. */
  readonly user?: string | undefined;
}

/** Ways to acquire a user's token. */
export interface HowToAcquire {
  /** Whether the user may be asked. */
  readonly mayAsk: boolean;
  /** Whether the user has to be asked. */
  readonly mustAsk?: boolean;
  /** What is left to the call. */
  readonly budget?: Budget;
}

/** A user whom the company's provider vouches for at the issuer. */
export interface AcrossApps extends IdentityOfUser {
  readonly application: CompanyApplication;
  readonly audience: string;
  readonly resource: string;
}

/** A client at one issuer, public or with a credential. The cache of tokens and all that renews them are those of an application. */
export class IssuerApplication extends ClientApplication {
  readonly #oneCall: OneCall;

  constructor(configuration: Configuration, credential: ClientCredential) {
    super(configuration, credential, { separatesResources: true });
    const signIn = browserSignIn(this.client, (request) => this.checked(request), false);
    const byDevice = (request: Parameters<typeof deviceCode>[1]): Promise<AuthenticationResult> =>
      deviceCode(this.client, request);
    this.#oneCall = new OneCall(this.client, signIn, byDevice, () => false);
  }

  /** Whether the issuer announces what it supports, rather than being known to support it. */
  get announcesFeatures(): boolean {
    return dialectOf(this.client.authorities.url(this.client.defaultAuthority)).announcesFeatures;
  }

  /**
   * Acquires a user's token: silently, or by asking the user.
   *
   * @throws InteractionRequiredAuthError when the user must not be asked
   */
  userToken(
    request: IssuerRequest,
    { mayAsk, mustAsk = false, budget }: HowToAcquire,
  ): Promise<AuthenticationResult> {
    return this.logged("acquireToken", request, async () => {
      const { user, ...asked } = request;
      const account = asked.account ?? (await this.#accountOf(user, asked));
      const known = account ? { ...asked, account } : asked;
      if (mayAsk) return this.#oneCall.acquire(known, this.checked(known), mustAsk, budget);
      // All other fields are as in the call that may ask, so that a refusal counts for both.
      const { openBrowser: _, onDeviceCode: __, ...quiet } = known;
      if (account) return silentNow(this.client, { ...quiet, account }, budget);
      throw interactionRequiredError("no_tokens_found", "No user has signed in for this resource.", request);
    });
  }

  /** Acquires the program's own token. */
  appToken(request: CallRequest, budget: Budget): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByClientCredential", request, () =>
      clientCredentialsNow(this.client, this.checked(request), { budget }),
    );
  }

  /** Acquires the token of an assertion's subject. */
  assertionToken(
    request: CallRequest,
    assertion: (context: AssertionContext) => Promise<string>,
    budget: Budget,
  ): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByClientCredential", request, () =>
      clientCredentialsNow(this.client, this.checked(request), { assertion, budget }),
    );
  }

  /** Acquires the token of a user whom the company's provider vouches for. */
  tokenAcrossApps(
    request: CallRequest,
    { application, audience, resource, ...user }: AcrossApps,
    budget: Budget,
  ): Promise<AuthenticationResult> {
    return this.logged("acquireTokenAcrossApps", request, () => {
      const { scopes, correlationId, signal, timeoutMs, refusedToken } = this.checked(request);
      const asked = { scopes, correlationId, signal, timeoutMs, refusedToken };
      return acrossApps(this.client, asked, {
        subject: [...subjectOf(user), resource],
        budget,
        assertion: ({ call }, isNew) =>
          identityAssertion(application, user, { audience, resource, scopes, isNew }, call),
      });
    });
  }

  /** Returns the user with an ID, or the only one of the issuer. */
  async #accountOf(user: string | undefined, request: CallRequest): Promise<AccountInfo | undefined> {
    const all = await this.client.cache.getAccounts(user === undefined ? {} : { homeAccountId: user });
    const checked = tokenRequest(this.client, request);
    const served = await Promise.all(all.map((account) => isServed(this.client, checked, account)));
    const own = all.filter((_, index) => served[index]);
    return new Set(own.map(({ homeAccountId }) => homeAccountId)).size === 1 ? own[0] : undefined;
  }
}
