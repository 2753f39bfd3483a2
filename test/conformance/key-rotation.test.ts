// Key rotation under load (OpenID Connect Core §10.1.1), with refresh tokens that are good for one use and whose replay ends
// the session (RFC 9700 §4.14.2): whatever the provider does with its keys meanwhile, nobody is signed out.
// proves: core/src/response/key-source.ts, core/src/exchange/require-keys.ts
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { AccountInfo, ConfidentialClientApplication } from "@tessera/node";
import fc from "fast-check";
import { accountOf } from "../support/entra.js";
import {
  jwk,
  keys,
  redeem,
  scopes,
  startFakeProvider,
  type FakeProvider,
  type FakeRequest,
} from "../support/fake-provider.js";
import "../support/property-seed.js";

const USERS = Array.from({ length: 20 }, (_, user) => `user-${user}`);
const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

const pairs = [keys.one, keys.two, keys.three].map((pair, at) => ({
  kid: `key-${at}`,
  privateKey: pair.privateKey,
  published: jwk(pair, { kid: `key-${at}` }),
}));

/** What the provider does while all users renew at once: at the given token request, if it says so. */
interface Disturbance {
  readonly does:
    | "nothing"
    | "rotates its keys"
    | "signs with a key that it publishes later"
    | "answers 500 for its keys"
    | "publishes nothing"
    | "moves its keys"
    | "breaks the connection";
  readonly atRequest: number;
  /** Seconds that pass before. */
  readonly after: number;
}
const disturbance: fc.Arbitrary<Disturbance> = fc.record({
  does: fc.constantFrom(
    "nothing",
    "rotates its keys",
    "signs with a key that it publishes later",
    "answers 500 for its keys",
    "publishes nothing",
    "moves its keys",
    "breaks the connection",
  ),
  atRequest: fc.nat(USERS.length - 1),
  after: fc.constantFrom(0, 10, 30, MINUTE + 1, 11 * MINUTE, 60 * MINUTE, DAY + MINUTE),
});

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());

/** The provider's state: its keys, and the refresh tokens that it takes. */
class Rotation {
  signing = 0;
  moved = false;
  replays = 0;
  /** How the key set answers instead of well. */
  trouble: "none" | "status" | "empty" | "reset" = "none";
  #published = [0];
  #families = new Map<string, string>();
  #count = 0;

  rotate(): void {
    this.signing = (this.signing + 1) % pairs.length;
    this.publish();
  }

  signAhead(): void {
    this.signing = (this.signing + 1) % pairs.length;
  }

  publish(): void {
    this.#published = [this.signing];
    this.trouble = "none";
  }

  keys() {
    if (this.trouble === "reset") return { reset: true as const };
    if (this.trouble === "status") return { status: 500, body: "down" };
    const published = this.trouble === "empty" ? [] : this.#published.map((at) => pairs[at]?.published);
    return { body: { keys: published } };
  }

  tokens({ form }: FakeRequest) {
    const { code, refresh_token: sent = "" } = form;
    const user = code ?? this.#families.get(sent);
    if (user === undefined) {
      this.replays += 1;
      return { status: 400, body: { error: "invalid_grant" } };
    }
    this.#families.delete(sent);
    const next = `refresh-token-${(this.#count += 1)}-of-${user}`;
    this.#families.set(next, user);
    const { kid, privateKey: key } = pairs[this.signing] ?? {};
    const claims = { sub: user, nonce: code && "the-nonce" };
    return { body: provider.tokens({ refresh_token: next }, { header: { kid }, key, claims }) };
  }
}

async function signedIn(
  rotation: Rotation,
): Promise<[ConfidentialClientApplication, readonly AccountInfo[]]> {
  provider.reset();
  provider.answers.keys = () => (rotation.moved ? { status: 404 } : rotation.keys());
  provider.answers.api = () => (rotation.moved ? rotation.keys() : { status: 404 });
  provider.answers.discovery = () => ({
    body: provider.metadata(rotation.moved ? { jwks_uri: `${provider.url}/api` } : {}),
  });
  provider.answers.token = (request) => rotation.tokens(request);
  const app = provider.confidential();
  const results = await Promise.all(USERS.map((code) => redeem(app, { code })));
  return [app, results.map(accountOf)];
}

const disturbances: Readonly<Record<Disturbance["does"], (rotation: Rotation) => void>> = {
  nothing: () => undefined,
  "rotates its keys": (rotation) => {
    rotation.rotate();
  },
  "signs with a key that it publishes later": (rotation) => {
    rotation.signAhead();
  },
  "answers 500 for its keys": (rotation) => {
    rotation.trouble = "status";
  },
  "publishes nothing": (rotation) => {
    rotation.trouble = "empty";
  },
  "moves its keys": (rotation) => {
    rotation.moved = !rotation.moved;
    rotation.rotate();
  },
  "breaks the connection": (rotation) => {
    rotation.trouble = "reset";
    rotation.signAhead();
  },
};

it("nobody is signed out, and no refresh token is sent twice, whatever happens to the keys", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(disturbance, { minLength: 1, maxLength: 4 }), async (steps) => {
      const rotation = new Rotation();
      const [app, accounts] = await signedIn(rotation);
      const renewAll = () =>
        Promise.allSettled(
          accounts.map((account) => app.acquireTokenSilent({ scopes, account, forceRefresh: true })),
        );
      for (const { does, atRequest, after } of steps) {
        provider.clock.advance(after);
        const start = provider.count("token");
        let pending: (() => void) | undefined = () => {
          disturbances[does](rotation);
        };
        provider.answers.token = (request) => {
          if (pending && provider.count("token") - start > atRequest) {
            pending();
            pending = undefined;
          }
          return rotation.tokens(request);
        };
        const failures = (await renewAll()).flatMap((it) => (it.status === "rejected" ? [it.reason] : []));
        for (const reason of failures) {
          seen.add(does);
          // Not InteractionRequiredAuthError: no user is asked to sign in again.
          expect(reason).toMatchObject({ name: "ClientAuthError" });
        }
        rotation.publish();
        provider.clock.advance(MINUTE + 1);
        const results = await renewAll();
        expect(results.filter(({ status }) => status === "rejected")).toEqual([]);
      }
      expect(rotation.replays).toBe(0);
      expect(await app.getAllAccounts()).toHaveLength(USERS.length);
    }),
    { numRuns: 8 },
  );
  // The sequences are not harmless: keys were missing while tokens came.
  expect(seen.size).toBeGreaterThan(0);
});
