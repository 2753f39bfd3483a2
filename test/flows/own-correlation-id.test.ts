// Callers that share one request, or the pause a server asked for: what each gets is its own.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  AuthError,
  type AccountInfo,
  type AuthenticationResult,
  type ConfidentialClientApplication,
} from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { redeem, startFakeProvider, type Answer, type FakeProvider } from "../support/fake-provider.js";

const ids = [1, 2, 3].map((n) => `${n}1111111-2222-4333-8444-555555555555`);
const [first = "", second = "", third = ""] = ids;

let provider: FakeProvider;
let app: ConfidentialClientApplication;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  // One request per exchange, so that each further one would be a call that was not shared.
  app = provider.confidential({ system: { retries: 0 } });
});

const appToken = (correlationId: string): Promise<AuthenticationResult> =>
  app.acquireTokenByClientCredential({ scopes: ["api:read"], correlationId });
const renewal =
  (account: AccountInfo) =>
  (correlationId: string): Promise<AuthenticationResult> =>
    app.acquireTokenSilent({ scopes: ["api:read"], account, forceRefresh: true, correlationId });

async function failure(call: Promise<unknown>): Promise<AuthError> {
  const reason = await call.then(
    () => "no error",
    (error: unknown) => error,
  );
  if (reason instanceof AuthError) return reason;
  throw new Error(`not an AuthError: ${String(reason)}`);
}

/** All that an error says, but for the correlation id. */
const said = (error: AuthError): object => ({
  ...error,
  class: error.constructor,
  name: error.name,
  message: error.message,
  stack: error.stack,
  text: String(error),
  correlationId: undefined,
});

const refusal: Answer = {
  status: 400,
  body: {
    error: "interaction_required",
    error_description: "AADSTS50076: a second factor",
    suberror: "basic_action",
    error_codes: [50076],
    claims: '{"access_token":{}}',
    trace_id: "the-trace",
    timestamp: "2026-01-01 00:00:00Z",
    correlation_id: first,
  },
};
const failures: Readonly<Record<string, { readonly token?: Answer; readonly discovery?: Answer }>> = {
  ServerError: { token: { status: 400, body: { error: "invalid_request", correlation_id: first } } },
  InteractionRequiredAuthError: { token: refusal },
  "ClientAuthError, an answer that makes no sense": { token: { body: "<html>" } },
  "ClientAuthError, a connection that breaks": { token: { reset: true } },
  "ClientAuthError, an authority that cannot be resolved": { discovery: { status: 500, body: "" } },
};

describe("an error that several calls share", () => {
  it.each(Object.entries(failures))(
    "carries each caller's own correlation id, and is the same otherwise: %s",
    async (_, { token, discovery }) => {
      if (token) provider.answers.token = () => token;
      if (discovery) provider.answers.discovery = () => discovery;
      const errors = await Promise.all(ids.map((id) => failure(appToken(id))));
      expect(errors.map(({ correlationId }) => correlationId)).toEqual(ids);
      expect(provider.count(token ? "token" : "discovery")).toBe(1);
      const [one, ...others] = errors.map(said);
      for (const other of others) expect(other).toEqual(one);
      for (const error of errors) expect(error).toBeInstanceOf(AuthError);
    },
  );

  it("holds all the server said", async () => {
    const app = provider.confidential();
    const account = accountOf(await redeem(app));
    provider.answers.token = () => refusal;
    const errors = await Promise.all(
      ids.map((correlationId) =>
        failure(app.acquireTokenSilent({ scopes: ["api:read"], account, forceRefresh: true, correlationId })),
      ),
    );
    for (const [index, error] of errors.entries()) {
      expect(error).toMatchObject({
        name: "InteractionRequiredAuthError",
        errorCode: "interaction_required",
        subError: "basic_action",
        claims: '{"access_token":{}}',
        traceId: "the-trace",
        timestamp: "2026-01-01 00:00:00Z",
        errorNo: 50076,
        correlationId: ids[index],
      });
    }
  });

  it("says under which correlation id the request was sent", async () => {
    provider.answers.token = () => ({ status: 400, body: { error: "invalid_request" } });
    const [, shared] = await Promise.all([failure(appToken(first)), failure(appToken(second))]);
    expect(shared).toMatchObject({ correlationId: second, cause: { correlationId: first } });
  });

  it("is no other error for the caller whose request it was", async () => {
    provider.answers.token = () => ({ status: 400, body: { error: "invalid_request" } });
    expect((await failure(appToken(first))).cause).toBeUndefined();
  });
});

it("the error of a pause (Retry-After) carries the correlation id of the call that it keeps waiting", async () => {
  const busy = { status: 429, headers: { "retry-after": "30" }, body: { error: "temporarily_unavailable" } };
  provider.answers.token = () => busy;
  const errors: AuthError[] = [];
  for (const id of ids) errors.push(await failure(appToken(id)));
  expect(provider.count("token")).toBe(1);
  expect(errors.map(({ correlationId }) => correlationId)).toEqual(ids);
  expect(errors.map(({ errorCode }) => errorCode)).toEqual(ids.map(() => "temporarily_unavailable"));
  expect(errors[2]).toMatchObject({ status: 429, cause: { correlationId: first } });
});

it("a result that several calls share carries each caller's own correlation id, and is each caller's own", async () => {
  const account = accountOf(await redeem(app));
  const before = provider.count("token");
  const results = await Promise.all([first, second, third].map(renewal(account)));
  expect(provider.count("token")).toBe(before + 1);
  expect(results.map(({ correlationId }) => correlationId)).toEqual(ids);
  const [one, two] = results;
  one?.scopes.push("of-the-first");
  if (one?.account) one.account.username = "of-the-first";
  expect(two?.scopes).not.toContain("of-the-first");
  expect(two?.account?.username).not.toBe("of-the-first");
});

it("silent calls whose scopes are in another order share one request, too", async () => {
  const account = accountOf(await redeem(app));
  const before = provider.count("token");
  const orders = [
    ["api:read", "openid"],
    ["openid", "api:read"],
  ];
  await Promise.all(orders.map((scopes) => app.acquireTokenSilent({ scopes, account, forceRefresh: true })));
  expect(provider.count("token")).toBe(before + 1);
});
