// Every fault, for every flow that has its token in the cache already, fresh, in its last minutes or expired: what the
// caller gets, what becomes of the cache, and how often the server was asked.
import { afterAll, describe, expect, it } from "@jest/globals";
import { AuthError, type AuthenticationResult, type ConfidentialClientApplication } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { redeem, scopes } from "../support/fake-provider.js";
import {
  breakEndpoint,
  cellClock,
  checkAsked,
  checkError,
  outcomeOf,
  providerPool,
  runCells,
  systemOf,
  verdict,
  type Asked,
  type Prepared,
} from "./cell.js";
import { faults, type Fault } from "./faults.js";

type Call = () => Promise<AuthenticationResult>;
interface CachedFlow extends Asked {
  /** The same once the token has expired, for tokens that are removed then. */
  readonly onceExpired?: Asked["repeats"];
  /** Acquires the token. Returns the call that finds it in the cache. */
  readonly prepare: (app: ConfidentialClientApplication) => Promise<Call>;
}

const token = { endpoint: "token" } as const;
const prepared = async (call: Call): Promise<Call> => {
  await call();
  return call;
};
const cachedFlows: Readonly<Record<string, CachedFlow>> = {
  "client credentials": {
    ...token,
    repeats: "always",
    prepare: (app) => prepared(() => app.acquireTokenByClientCredential({ scopes: ["api:read"] })),
  },
  // Renewed with its refresh token, unless everything of the exchange was removed when its last token expired.
  "on behalf of a user": {
    ...token,
    repeats: "unprocessed",
    onceExpired: "always",
    prepare: (app) =>
      prepared(() => app.acquireTokenOnBehalfOf({ scopes: ["api:read"], oboAssertion: "of-the-user" })),
  },
  "a token exchange": {
    ...token,
    repeats: "unprocessed",
    onceExpired: "always",
    prepare: (app) =>
      prepared(() =>
        app.acquireTokenByTokenExchange({ subjectToken: "it", subjectTokenType: "access_token" }),
      ),
  },
  "a user": {
    ...token,
    repeats: "unprocessed",
    prepare: async (app) => {
      const account = accountOf(await redeem(app));
      return () => app.acquireTokenSilent({ scopes, account });
    },
  },
};

/** A token's age, and what a call gets although the server fails. */
interface Age {
  readonly seconds: number;
  readonly gets: "the token" | "the token, stale" | "an error";
  /** Whether the server is asked. */
  readonly isAsked: boolean;
}
const ages: readonly Age[] = [
  { seconds: 60, gets: "the token", isAsked: false },
  { seconds: 3400, gets: "the token, stale", isAsked: true },
  { seconds: 3700, gets: "an error", isAsked: true },
];

const pool = providerPool();
afterAll(() => pool.close());

/** Prepares one cell. Those that run at the same time have providers of their own. */
async function cell(name: string, fault: Fault, flow: CachedFlow, age: Age): Promise<Prepared> {
  const provider = await pool.of(name);
  const clock = cellClock(provider);
  const app = provider.confidential(systemOf(fault, clock));
  provider.answers.token = () => ({
    body: provider.tokens({
      access_token: `token ${provider.count("token")}`,
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
    }),
  });
  const call = await flow.prepare(app);
  const read = (): string => app.getTokenCache().serialize();
  const isRemoved = flow.onceExpired !== undefined && age.gets === "an error";
  const asks: Asked = isRemoved ? { ...token, repeats: flow.onceExpired } : flow;
  return async () => {
    const found = verdict();
    const before = provider.count("token");
    const cached = read();
    provider.clock.advance(age.seconds);
    const mend = breakEndpoint(provider, "token", fault);
    const outcome = await outcomeOf(call());
    const asked = provider.count("token") - before;
    const isRenewed = fault.kind === "works" && age.isAsked;
    if (age.isAsked) checkAsked(found, asked, fault, asks);
    else found.same("requests", asked, 0);
    if (isRemoved) found.same("nothing new is kept", read().includes(`token ${before + 1}`), isRenewed);
    else found.same("the cache is as before", read() === cached, !isRenewed);
    const isError = outcome instanceof AuthError;
    found.same("an error", isError, age.gets === "an error" && !isRenewed);
    if (isError) checkError(found, outcome, fault, asked);
    else {
      found.same("isStale", outcome.isStale ?? false, age.gets === "the token, stale" && !isRenewed);
      found.same("fromCache", outcome.fromCache, !isRenewed);
    }
    mend();
    // The call works again once the time that it was told has passed, and then the cache has the new token.
    if (isError && !fault.hangs) {
      clock.pass(outcome.retryAfterSeconds ?? 0);
      const again = await call().catch((error: unknown) => String(error));
      found.same("the next call", typeof again === "string" ? again : again.fromCache, false);
      found.same("its token is kept", read() === cached, false);
    }
    return found.wrong;
  };
}

const all = Object.entries(faults);

describe.each(Object.entries(cachedFlows))("%s", (_, flow) => {
  it.each(ages)("with a token of $seconds seconds gets $gets, whatever the server does", async (age) => {
    const cells = all
      .filter(([name, { hangs }]) => !hangs && (age.isAsked || name === "HTTP 500"))
      .map(([name, fault]) => [name, () => cell(name, fault, flow, age)] as const);
    expect(await runCells(cells)).toEqual({});
  });
});

it("the same holds in time with a server that hangs, for every flow and age", async () => {
  const cells = Object.entries(cachedFlows).flatMap(([flowName, flow]) =>
    ages.flatMap((age) =>
      all
        .filter(([name, { hangs }]) => hangs && (age.isAsked || name === "no answer"))
        .map(([name, fault]) => {
          const both = `${flowName}, ${age.seconds} s: ${name}`;
          return [both, () => cell(both, fault, flow, age)] as const;
        }),
    ),
  );
  expect(await runCells(cells, true)).toEqual({});
});
