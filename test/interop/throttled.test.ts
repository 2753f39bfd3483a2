// A server that has had enough: what an app is told, how often it is asked, and how long to wait.
// proves: core/src/http/throttle.ts, core/src/response/token-response.ts, core/src/exchange/redeem.ts
import * as peer from "@azure/msal-node";
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { createTestClock } from "../support/test-clock.js";

const tenant = "https://login.microsoftonline.com/b4a4a4a4-0000-4000-8000-0000000000f1";
const request = { scopes: ["https://graph.microsoft.com/.default"] };

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A daemon, and how many requests it sent to answers that are all the same. */
function daemon(
  library: typeof peer | typeof tessera,
  { status, headers = {}, body = "" }: Answer,
  system: Pick<tessera.NodeSystemOptions, "clock" | "retries"> = {},
  authority = tenant,
) {
  const sent = { count: 0 };
  const answer = async <T>(): Promise<peer.NetworkResponse<T>> => {
    sent.count += 1;
    return { status, headers: { ...headers }, body: body as T };
  };
  const networkClient = { sendGetRequestAsync: answer, sendPostRequestAsync: answer };
  const auth = { clientId: "b4a4a4a4-0000-4000-8000-0000000000a1", clientSecret: "secret", authority };
  const configuration = { auth, system: { ...system, networkClient } };
  return { app: new library.ConfidentialClientApplication(configuration), sent };
}

async function refusal(call: () => Promise<unknown>): Promise<tessera.ServerError> {
  return call().then(
    () => {
      throw new Error("it was not refused");
    },
    (error: unknown) => error as tessera.ServerError,
  );
}

/** What HTTP 429 comes with. */
const BODIES: Readonly<Record<string, unknown>> = {
  text: "Too many requests",
  "no body": "",
  "JSON that is no OAuth error": { message: "slow down" },
  "an OAuth error": {
    error: "temporarily_unavailable",
    error_description: "AADSTS90055: busy",
    error_codes: [90055],
  },
};

describe("HTTP 429", () => {
  it.each(
    Object.keys(BODIES).flatMap((body) =>
      [undefined, "30"].flatMap((after) => [
        { name: "msal-node", library: peer, body, after },
        { name: "Tessera", library: tessera, body, after },
      ]),
    ),
  )("stops $name: five calls send one request, with $body, Retry-After $after", async (row) => {
    const headers: Record<string, string> = row.after === undefined ? {} : { "retry-after": row.after };
    const { app, sent } = daemon(row.library, { status: 429, headers, body: BODIES[row.body] });
    // The peer makes a result of JSON that is no error.
    for (let call = 0; call < 5; call += 1)
      await app.acquireTokenByClientCredential({ ...request }).catch(() => undefined);
    expect(sent.count).toBe(1);
  });

  it.each(Object.keys(BODIES))("with %s is called throttled, and never an outage", async (body) => {
    const { app } = daemon(tessera, { status: 429, body: BODIES[body] });
    for (const _ of ["the server's own error", "the one of the pause"]) {
      const error = await refusal(() => app.acquireTokenByClientCredential(request));
      expect(error).toMatchObject({ name: "ServerError", status: 429 });
      expect(error.message).toMatch(/throttled|busy/);
      expect(error.message).not.toMatch(/down|proxy/);
    }
  });

  it.each<[string, Record<string, string>, number]>([
    ["a number of seconds", { "Retry-After": "30" }, 30],
    ["a date", { "retry-after": new Date(1_800_000_090_000).toUTCString() }, 90],
    ["nothing", {}, 60],
    ["more than an hour", { "retry-after": "99999" }, 3600],
  ])("that asks for %s says how long to wait, and counts down", async (_, headers, seconds) => {
    const clock = createTestClock(1_800_000_000_000);
    const { app, sent } = daemon(tessera, { status: 429, headers }, { clock, retries: 0 });
    const ask = () => refusal(() => app.acquireTokenByClientCredential(request));
    const first = await ask();
    clock.advance(10);
    const second = await ask();
    expect([first.retryAfterSeconds, second.retryAfterSeconds]).toEqual([seconds, seconds - 10]);
    expect(first).not.toBe(second);
    expect(sent.count).toBe(1);
    clock.advance(seconds - 10);
    await ask();
    expect(sent.count).toBe(2);
  });
});

it.each([400, 500, 503])("HTTP %i with Retry-After says how long to wait", async (status) => {
  const body = { error: "temporarily_unavailable" };
  const { app } = daemon(tessera, { status, headers: { "retry-after": "7" }, body });
  const error = await refusal(() => app.acquireTokenByClientCredential(request));
  expect(error).toMatchObject({ errorCode: "temporarily_unavailable", status, retryAfterSeconds: 7 });
});

it("an error without a pause names only the moment that a loop waits", async () => {
  const { app } = daemon(tessera, { status: 503 });
  const error = await refusal(() => app.acquireTokenByClientCredential(request));
  expect(error.message).toMatch(/may be down/);
  expect(error).toMatchObject({ retryAfterSeconds: 1 });
});

it.each([
  ["of a discovery document", { auth: { oidcAuthority: "https://issuer.example" } }],
  ["of an unknown host", { auth: { authority: "https://login.unknown.example/tenant" } }],
])("a throttled request %s says so, and how long to wait", async (_, { auth }) => {
  const answer = async () => ({ status: 429, headers: { "retry-after": "20" }, body: "busy" }) as never;
  const networkClient = { sendGetRequestAsync: answer, sendPostRequestAsync: answer };
  const app = new tessera.ConfidentialClientApplication({
    auth: { clientId: "c", clientSecret: "secret", ...auth },
    system: { networkClient },
  });
  const error = await refusal(() => app.acquireTokenByClientCredential(request));
  expect(error).toMatchObject({ errorCode: "endpoints_resolution_error", retryAfterSeconds: 20 });
  expect(error.message).toMatch(/throttled/);
  expect(error.message).not.toMatch(/check the authority|does not know the host/);
});

it("a throttled request for a device code says so, and how long to wait", async () => {
  const answer = async () => ({ status: 429, headers: { "retry-after": "20" }, body: "busy" }) as never;
  const networkClient = { sendGetRequestAsync: answer, sendPostRequestAsync: answer };
  const app = new tessera.PublicClientApplication({
    auth: { clientId: "c", authority: tenant },
    system: { networkClient },
  });
  const deviceCodeCallback = () => undefined;
  const error = await refusal(() =>
    app.acquireTokenByDeviceCode({ scopes: ["User.Read"], deviceCodeCallback }),
  );
  expect(error).toMatchObject({ errorCode: "device_code_unknown_error", retryAfterSeconds: 20 });
  expect(error.message).toMatch(/throttled/);
});
