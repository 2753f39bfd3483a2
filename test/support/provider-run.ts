import { expect } from "@jest/globals";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type AccountInfo,
  type AuthenticationResult,
} from "@tessera/node";
import type { Apart, Step } from "./provider-steps.js";
import {
  issued,
  PROVIDERS,
  readIssued,
  startWorld,
  USERS,
  type Lie,
  type Provider,
  type User,
  type World,
} from "./provider-world.js";
import { createTestClock, type TestClock } from "./test-clock.js";

/** How many calls brought a token, by kind: a test in which everything is refused shows nothing. */
export type Tally = Map<string, number>;

export interface Setting {
  readonly mode: "AAD" | "OIDC";
  readonly client: "public" | "confidential";
  /** Whether each silent call names the account's authority. */
  readonly named: boolean;
}

/** An account that the app holds. */
interface Held {
  readonly account: AccountInfo;
  readonly provider: Provider;
}

/** One run: an application, its providers, and what the test knows of both. */
export class Run {
  readonly #setting: Setting;
  readonly #providers: readonly Provider[];
  readonly #hostile: ReadonlySet<string>;
  readonly #clock: TestClock;
  readonly #world: World;
  readonly #held: Held[] = [];
  /** The users that have signed in under one identity: a hostile provider may give several users the same. */
  readonly #owners = new Map<string, Set<string>>();
  /** Users of honest providers who are signed in, with their accounts. */
  readonly #signedIn = new Map<string, Held>();
  readonly #sessions = new Map<number, User>();
  readonly #tally: Tally;
  #lie: Lie | undefined;
  #app: PublicClientApplication | ConfidentialClientApplication;

  /** @param origin the run to go on from, in the same world; `hostile` is then the same */
  constructor(setting: Setting, hostile: readonly boolean[], tally: Tally, origin?: Run) {
    this.#tally = tally;
    this.#setting = setting;
    this.#providers = PROVIDERS[setting.mode];
    this.#hostile = new Set(this.#providers.filter((_, at) => hostile[at]).map(({ name }) => name));
    this.#clock = origin ? origin.#clock : createTestClock();
    this.#world = origin ? origin.#world : startWorld(this.#providers, this.#hostile, this.#clock);
    this.#app = this.#newApp();
    if (origin) this.#continue(origin);
  }

  /** Takes the steps, and checks that everybody is still who they were. */
  async play(steps: readonly Step[]): Promise<void> {
    await this.take(steps);
    await this.#check();
  }

  async take(steps: readonly Step[]): Promise<void> {
    for (const each of steps) await this.#step(each);
  }

  async #check(): Promise<void> {
    expect(this.#world.leaks).toEqual([]);
    this.#setLie(undefined);
    for (const [owner, { account, provider }] of this.#signedIn) {
      const { authority } = provider;
      const result = await this.#app.acquireTokenSilent({ scopes: ["read"], account, authority });
      const issuedTo = readIssued(result.accessToken).owner;
      if (issuedTo !== owner) throw new Error(`in the end ${owner} asked, and a token of ${issuedTo} came`);
    }
    expect(this.#world.leaks).toEqual([]);
  }

  #continue(origin: Run): void {
    this.#app.getTokenCache().deserialize(origin.#app.getTokenCache().serialize());
    this.#held.push(...origin.#held);
    for (const [identity, owners] of origin.#owners) this.#owners.set(identity, new Set(owners));
    for (const [owner, held] of origin.#signedIn) this.#signedIn.set(owner, held);
    this.#setLie(origin.#lie);
  }

  #setLie(lie: Lie | undefined): void {
    this.#lie = lie;
    this.#world.lie(lie);
  }

  async #step(each: Step): Promise<void> {
    switch (each.do) {
      case "together":
        await Promise.all(each.steps.map((one) => this.#apart(one)));
        return;
      case "look up":
        return this.#lookUp(each);
      case "continue":
        return this.#continueSession(each);
      case "remove":
        return this.#remove(each);
      case "restart": {
        const stored = this.#app.getTokenCache().serialize();
        this.#app = this.#newApp();
        this.#app.getTokenCache().deserialize(stored);
        return;
      }
      case "wait":
        this.#clock.advance(each.seconds);
        return;
      case "sign in":
      case "silent":
      case "on behalf of":
      case "as the app":
        return this.#apart(each);
    }
  }

  async #apart(each: Apart): Promise<void> {
    if (each.do === "sign in") return this.#signIn(each);
    if (each.do === "silent") return this.#silent(each);
    if (!(this.#app instanceof ConfidentialClientApplication)) return;
    const provider = this.#provider(each.provider);
    const { authority, name } = provider;
    if (each.do === "as the app") {
      const result = await outcome(
        this.#app.acquireTokenByClientCredential({ scopes: [each.scope], authority }),
      );
      this.#expectOwner(result, new Set([`${name}.app`]), each.scope, each);
      return;
    }
    const user = { provider: name, name: USERS[each.user] ?? "" };
    const session = each.session ?? undefined;
    if (session !== undefined) this.#sessions.set(session, user);
    const call = this.#app.acquireTokenOnBehalfOf({
      scopes: [each.scope],
      authority,
      oboAssertion: issued("assertion", user),
      ...(session === undefined ? {} : { sessionKey: `session ${session} of ${name}.${user.name}` }),
    });
    const result = await outcome(call);
    this.#expectOwner(result, this.#alike(user), each.scope, each);
    if (result?.account) this.#ownersOf({ account: result.account, provider }).add(`${name}.${user.name}`);
  }

  async #continueSession({ session, scope }: Extract<Step, { do: "continue" }>): Promise<void> {
    const user = this.#sessions.get(session);
    if (!user || !(this.#app instanceof ConfidentialClientApplication)) return;
    const owner = `${user.provider}.${user.name}`;
    const authority = this.#providers.find(({ name }) => name === user.provider)?.authority ?? "";
    const sessionKey = `session ${session} of ${owner}`;
    const call = this.#app.acquireTokenOnBehalfOf({ scopes: [scope], authority, sessionKey });
    this.#expectOwner(await outcome(call), this.#alike(user), scope, { do: `continue session ${session}` });
  }

  async #signIn(each: Extract<Apart, { do: "sign in" }>): Promise<void> {
    const provider = this.#provider(each.provider);
    const user = { provider: provider.name, name: USERS[each.user] ?? "" };
    const owner = `${user.provider}.${user.name}`;
    this.#setLie(each.lie ? this.#lieOf(each.lie) : undefined);
    const common = { scopes: [each.scope], authority: provider.authority };
    const call =
      each.how === "code"
        ? this.#app.acquireTokenByCode({
            ...common,
            redirectUri: "http://localhost",
            code: issued("code", user),
          })
        : each.how === "password"
          ? this.#app.acquireTokenByUsernamePassword({
              ...common,
              username: `${user.name}@${user.provider}.example`,
              password: issued("pw", user),
            })
          : this.#app.acquireTokenByRefreshToken({
              ...common,
              refreshToken: issued("rt", user),
              forceCache: true,
            });
    const result = await outcome(call);
    this.#expectOwner(result, new Set([owner]), each.scope, each);
    if (!result?.account) return;
    const { account } = result;
    this.#hold(account, provider, owner);
    if (!this.#hostile.has(provider.name)) this.#signedIn.set(owner, { account, provider });
  }

  async #silent(each: Extract<Apart, { do: "silent" }>): Promise<void> {
    const held = this.#held[each.account % (this.#held.length || 1)];
    if (!held) return;
    const { provider } = held;
    const another = this.#providers.find(({ name }) => name !== provider.name)?.authority ?? "";
    const named = this.#setting.named ? "own" : each.authority;
    const authority = named === "own" ? provider.authority : named === "another" ? another : undefined;
    const request = {
      scopes: [each.scope],
      account: inForm(held.account, each.form),
      forceRefresh: each.force,
    };
    const result = await outcome(
      this.#app.acquireTokenSilent({ ...request, ...(authority ? { authority } : {}) }),
    );
    this.#expectOwner(result, this.#mayBe(held, each.form), each.scope, each);
  }

  async #lookUp({ by, account: at }: Extract<Step, { do: "look up" }>): Promise<void> {
    const { account } = this.#held[at % (this.#held.length || 1)] ?? {};
    if (!account) return;
    const { homeAccountId, localAccountId, username } = account;
    // Users of several providers may have one id: the library does not choose, and refuses.
    const found =
      by === "all"
        ? await this.#app.getAllAccounts()
        : by === "home"
          ? [await outcome(this.#app.getAccountByHomeId(homeAccountId))]
          : by === "local"
            ? [await outcome(this.#app.getAccountByLocalId(localAccountId))]
            : await this.#app.getAccounts({ username });
    for (const each of found) {
      const owner = ownerIn(each?.idTokenClaims) ?? "";
      const provider = this.#providers.find(({ name }) => owner.startsWith(`${name}.`));
      if (each && provider) this.#hold(each, provider, owner);
    }
  }

  async #remove({ account: at, form }: Extract<Step, { do: "remove" }>): Promise<void> {
    const held = this.#held[at % (this.#held.length || 1)];
    if (!held) return;
    const removal = this.#app.removeAccount(inForm(held.account, form)).then(() => true);
    if (!(await outcome(removal))) return;
    for (const owner of this.#mayBe(held, form)) this.#signedIn.delete(owner);
  }

  /** The users an account may be of: those of its provider who came under its identity; for one that has lost its claims, of its host. */
  #mayBe(held: Held, form: "whole" | "JSON" | "bare"): ReadonlySet<string> {
    if (form !== "bare") return this.#ownersOf(held);
    const { environment, homeAccountId } = held.account;
    const alike = this.#held.filter(
      ({ account }) => account.environment === environment && account.homeAccountId === homeAccountId,
    );
    return new Set(alike.flatMap((each) => [...this.#ownersOf(each)]));
  }

  #hold(account: AccountInfo, provider: Provider, owner: string): void {
    this.#ownersOf({ account, provider }).add(owner);
    this.#held.push({ account, provider });
  }

  /** The user alone; of a hostile provider all its users, whom it may say to be one. */
  #alike({ provider, name }: User): ReadonlySet<string> {
    const names = this.#hostile.has(provider) ? USERS : [name];
    return new Set(names.map((each) => `${provider}.${each}`));
  }

  #ownersOf({ account, provider }: Held): Set<string> {
    const key = `${provider.name} ${account.homeAccountId}`;
    const owners = this.#owners.get(key) ?? new Set();
    this.#owners.set(key, owners);
    return owners;
  }

  #expectOwner(
    result: AuthenticationResult | undefined,
    owners: ReadonlySet<string>,
    scope: string,
    each: { readonly do: string },
  ): void {
    if (!result) return;
    const kind = `${each.do}${result.fromCache ? " (cache)" : ""}`;
    this.#tally.set(kind, (this.#tally.get(kind) ?? 0) + 1);
    const { owner, more } = readIssued(result.accessToken);
    const claimed = [result.idTokenClaims, result.account?.idTokenClaims].map(ownerIn);
    const all = [owner, ...claimed.filter((one) => one !== undefined)];
    const right = all.every((one) => owners.has(one));
    const scopes = more.split("!", 1)[0]?.split("+") ?? [];
    if (right && scopes.includes(scope)) return;
    throw new Error(
      `${JSON.stringify(each)}: of ${[...owners].join(" or ")} was asked, ${all.join(", ")} came (${more})`,
    );
  }

  #lieOf({ victim: [provider, user], ...rest }: NonNullable<Extract<Apart, { do: "sign in" }>["lie"]>): Lie {
    return { ...rest, victim: { provider: this.#provider(provider).name, name: USERS[user] ?? "" } };
  }

  #provider(at: number): Provider {
    const provider = this.#providers[at];
    if (!provider) throw new Error(`there is no provider ${at}`);
    return provider;
  }

  #newApp(): PublicClientApplication | ConfidentialClientApplication {
    const { mode, client } = this.#setting;
    const { authority } = this.#provider(0);
    const hosts = this.#providers.slice(1).map((each) => new URL(each.authority).host);
    const auth = {
      clientId: "the-client",
      ...(mode === "OIDC" ? { oidcAuthority: authority } : { authority, knownAuthorities: hosts }),
    };
    const system = { networkClient: this.#world.network, clock: this.#clock };
    return client === "public"
      ? new PublicClientApplication({ auth, system })
      : new ConfidentialClientApplication({ auth: { ...auth, clientSecret: "the secret" }, system });
  }
}

/** A result, or nothing when the library refuses: a refusal gives nothing away. */
async function outcome<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && "errorCode" in error) return undefined;
    throw error;
  }
}

function inForm(account: AccountInfo, form: "whole" | "JSON" | "bare"): AccountInfo {
  if (form === "whole") return account;
  if (form === "JSON") return JSON.parse(JSON.stringify(account)) as AccountInfo;
  const { homeAccountId, environment, tenantId, username, localAccountId } = account;
  return { homeAccountId, environment, tenantId, username, localAccountId };
}

/** The true owner, whom the ID tokens of this world name beside all that they claim. */
function ownerIn(claims: object | undefined): string | undefined {
  const owner = (claims as Readonly<Record<string, unknown>> | undefined)?.["owner"];
  return typeof owner === "string" ? owner : undefined;
}
