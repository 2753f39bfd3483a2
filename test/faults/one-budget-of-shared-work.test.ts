// Work that several calls share: each of them has its own time for it. None fails because a step that has begun it had little
// left, none waits longer than its own lasts, and one that stays alone learns why its last request failed.
// proves: core/src/http/shared-work.ts, core/src/exchange/shared-call.ts
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type AuthenticationResult, type INetworkModule } from "@tessera/node";
import { sharedCall } from "../../packages/core/src/exchange/shared-call.js";
import { RegionDetector } from "../../packages/core/src/authority/region.js";
import { AuthorityResolver } from "../../packages/core/src/authority/resolver.js";
import { SingleFlight } from "../../packages/core/src/flight/single-flight.js";
import { Budget } from "../../packages/core/src/http/budget.js";
import type { HttpResponse } from "../../packages/core/src/http/http-client.js";
import { inOwnTime, type Leader } from "../../packages/core/src/http/shared-work.js";
import { createTransport, type Call, type Transport } from "../../packages/core/src/http/transport.js";
import { Logger } from "../../packages/core/src/logger.js";
import { KeySource } from "../../packages/core/src/response/key-source.js";
import { agentStage, appScopes, ask, purpose, user, type AgentStage } from "../support/agent-stage.js";
import { deadlineInHand } from "../support/deadline-in-hand.js";
import { jwk, keys } from "../support/fake-provider.js";
import { gate } from "../support/gate.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const callTimeoutMs = 99_999;
/** What is left to a call that is short of time, in milliseconds. */
const rest = 33_333;
/** The same, less than the question for the region may take. */
const trifle = 1999;
const outOfTime = { errorCode: "network_error", isRetryable: true };
let clock: TestClock;
let deadline: ReturnType<typeof deadlineInHand>;
beforeEach(() => {
  clock = createTestClock();
  deadline = deadlineInHand(rest);
});
afterEach(() => deadline.restore());

type TimedCall = Call & { readonly budget: Budget };
const call = (correlationId: string): TimedCall => ({
  correlationId,
  budget: new Budget(clock, callTimeoutMs),
});
/** A call that has used up its time but for the rest. */
const short = (left = rest): TimedCall => {
  const made = call("short");
  made.budget.left();
  clock.advance((callTimeoutMs - left) / 1000);
  return made;
};

/** What sends requests to a server that answers when the test says so. */
function slowServer() {
  const answers: ((response: HttpResponse) => void)[] = [];
  let arrived = gate();
  const transport = createTransport({
    clock,
    logger: () => new Logger({}, "test", "1"),
    retries: 0,
    budgetMs: callTimeoutMs,
    http: {
      send: ({ signal }) =>
        new Promise((resolve, reject) => {
          answers.push(resolve);
          signal.addEventListener("abort", () => reject(signal.reason as Error));
          arrived.open();
        }),
    },
  });
  return {
    transport,
    requests: () => answers.length,
    /** Waits for the next request. */
    next: async (): Promise<void> => {
      await arrived.opened;
      arrived = gate();
    },
    /** Answers the last request, or another one. */
    answer: (body: object, index = -1): void =>
      answers.at(index)?.({ status: 200, headers: {}, body: JSON.stringify(body) }),
  };
}

const issuer = "https://issuer.example";
const published = jwk(keys.one, { kid: "one" });
const metadata = { issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys` };
const resolver = (transport: Transport): AuthorityResolver =>
  new AuthorityResolver(
    {
      protocolMode: "OIDC",
      knownAuthorities: new Set(["issuer.example"]),
      cloudMetadata: undefined,
      authorityMetadata: undefined,
    },
    transport,
    clock,
  );
type Fetch = (call: Call) => Promise<unknown>;

describe.each<[string, number, number, object, (transport: Transport) => Fetch]>([
  [
    "a discovery document",
    rest,
    2,
    metadata,
    (transport) => {
      const authorities = resolver(transport);
      return (own) => authorities.resolve(authorities.url(issuer), own);
    },
  ],
  [
    "the keys of a provider",
    rest,
    2,
    { keys: [published] },
    (transport) => {
      const source = new KeySource({ transport, clock, observer: () => undefined }, async (same) => same);
      const url = resolver(transport).url(issuer);
      return (own) => source.require({ url, metadata } as Parameters<KeySource["require"]>[0], own);
    },
  ],
  [
    "the region of a machine",
    trifle,
    1,
    { location: "westus2" },
    (transport) => {
      const regions = new RegionDetector(transport, clock);
      return async (own) => {
        const asked = { azureRegion: "TryAutoDetect", environmentRegion: undefined };
        const { name } = await regions.resolve(asked, own);
        if (name === undefined) throw new Error("no region");
      };
    },
  ],
])("%s", (_, left, requests, document, build) => {
  it("comes to a call with time, although the one that has asked for it runs out of its own", async () => {
    const server = slowServer();
    const fetch = build(server.transport);
    deadline.restore();
    deadline = deadlineInHand(left);
    const first = expect(fetch(short(left))).rejects.toThrow(` ${left} ms`);
    await server.next();
    const second = fetch(call("second"));
    deadline.pass();
    await first;
    server.answer(document);
    await second;
    expect(server.requests()).toBe(requests);
  });
});

describe("an older answer, which comes after a newer one,", () => {
  /** Asks twice, the second time with more time left, and lets the first answer come last. */
  async function asked(
    server: ReturnType<typeof slowServer>,
    fetch: Fetch,
    older: object,
    newer: object,
  ): Promise<void> {
    const first = fetch(short());
    await server.next();
    clock.advance(1);
    const second = fetch(call("second"));
    await server.next();
    server.answer(newer);
    await second;
    server.answer(older, 0);
    await first;
  }

  it("does not replace a discovery document", async () => {
    const server = slowServer();
    const authorities = resolver(server.transport);
    const url = authorities.url(issuer);
    const fetch: Fetch = (own) => authorities.resolve(url, own);
    const token_endpoint = `${issuer}/moved`;
    await asked(server, fetch, metadata, { ...metadata, token_endpoint });
    expect(authorities.resolved(url)?.metadata.token_endpoint).toBe(token_endpoint);
  });

  it("does not replace keys", async () => {
    const server = slowServer();
    const source = new KeySource(
      { transport: server.transport, clock, observer: () => undefined },
      async (same) => same,
    );
    const url = resolver(server.transport).url(issuer);
    const authority = { url, metadata } as Parameters<KeySource["require"]>[0];
    const both = [published, jwk(keys.two, { kid: "two" })];
    await asked(server, (own) => source.require(authority, own), { keys: [published] }, { keys: both });
    const known = source.verifyWith(authority, call("third"), {
      accepts: () => true,
      verify: async (_, { published: all }) => all.length,
      name: "ID token",
      code: "invalid_id_token",
      header: {},
    });
    expect(await known).toBe(2);
  });
});

it("a region that one call has no time for is there for the next one", async () => {
  const server = slowServer();
  const regions = new RegionDetector(server.transport, clock);
  const asked = { azureRegion: "TryAutoDetect", environmentRegion: undefined };
  deadline.restore();
  deadline = deadlineInHand(trifle);
  const first = expect(regions.resolve(asked, short(trifle))).rejects.toMatchObject(outOfTime);
  await server.next();
  deadline.pass();
  await first;
  server.answer({ location: "westus2" });
  expect(await regions.resolve(asked, call("second"))).toMatchObject({ name: "westus2" });
  expect(server.requests()).toBe(1);
});

describe("shared work", () => {
  /** Work of which a test says when it ends. */
  function shared() {
    const flights = new SingleFlight<Leader>();
    const ends: ((outcome: Promise<string>) => void)[] = [];
    const start = (): Promise<string> => new Promise((resolve) => ends.push(resolve));
    const join = (own: TimedCall): Promise<string> =>
      inOwnTime(flights, own, { key: "work", what: "document", start });
    return { join, ends };
  }

  it("is not waited for longer than a call has time", async () => {
    const { join, ends } = shared();
    const own = short();
    const long = join(call("long"));
    const left = expect(join(own)).rejects.toMatchObject({
      ...outOfTime,
      correlationId: "short",
      message: expect.stringContaining(`Timed out waiting for the document: ${rest} ms`),
    });
    deadline.pass();
    await left;
    ends[0]?.(Promise.resolve("done"));
    expect(await long).toBe("done");
  });

  it("is joined while the call that began it has half as much time left, and begun anew after that", async () => {
    const { join, ends } = shared();
    const first = [join(short(callTimeoutMs / 2 + 1)), join(call("with twice the time"))];
    expect(ends.length).toBe(1);
    clock.advance(1);
    const second = [join(call("with more")), join(call("right after it"))];
    expect(ends.length).toBe(2);
    ends[1]?.(Promise.resolve("second"));
    ends[0]?.(Promise.resolve("first"));
    expect(await Promise.all([...first, ...second])).toEqual(["first", "first", "second", "second"]);
  });

  it("fails for a call that has stayed alone with the failure of the work, although the time is over", async () => {
    const { join, ends } = shared();
    const alone = expect(join(short())).rejects.toThrow("HTTP 503");
    deadline.pass();
    ends[0]?.(Promise.reject(new Error("HTTP 503")));
    await alone;
  });
});

const resultOf = (correlationId: string): AuthenticationResult => ({
  authority: issuer,
  uniqueId: "",
  tenantId: "",
  scopes: ["s"],
  account: null,
  idToken: "",
  idTokenClaims: {},
  accessToken: "token",
  fromCache: false,
  expiresOn: null,
  tokenType: "Bearer",
  correlationId,
});

describe("an ordinary call, beside an equal step of another call", () => {
  it.each([
    ["has its own time for a token of an app, although the step has little", true, [rest, callTimeoutMs]],
    ["never redeems the code or the refresh token of the step a second time", false, [rest]],
  ])("%s", async (_, isRepeatable, times) => {
    const { transport } = slowServer();
    const client = {
      flights: new SingleFlight<Leader>(),
      transport,
      logger: () => new Logger({}, "test", "1"),
    };
    const begun: { readonly left: number; end(): void }[] = [];
    const run = (correlationId: string, budget?: Budget) =>
      sharedCall(
        client,
        { given: { scopes: ["s"] }, correlationId, budget, signal: undefined, timeoutMs: undefined },
        { flow: ["flow"], isRepeatable },
        ({ budget: time }) =>
          new Promise((resolve) => {
            const end = (): void => resolve(resultOf(correlationId));
            begun.push({ left: time?.left() ?? 0, end });
          }),
      );
    const calls = [run("step", short().budget), run("own"), run("another")];
    expect(begun.map(({ left }) => left)).toEqual(times);
    for (const { end } of begun) end();
    const ids = ["step", "own", "another"];
    expect((await Promise.all(calls)).map(({ correlationId }) => correlationId)).toEqual(ids);
  });
});

it("a code is sent once, although an equal call has more time left than the first one", async () => {
  const codes: (string | null)[] = [];
  const [sent, answered] = [gate(), gate()];
  const networkClient: INetworkModule = {
    sendGetRequestAsync: async <T>() => ({ status: 200, headers: {}, body: { keys: [published] } as T }),
    sendPostRequestAsync: async <T>(_url: string, options?: { body?: string }) => {
      codes.push(new URLSearchParams(options?.body).get("code"));
      sent.open();
      await answered.opened;
      return { status: 400, headers: {}, body: { error: "invalid_grant" } as T };
    },
  };
  const system = { callTimeoutMs, networkClient, clock };
  const app = new ConfidentialClientApplication({
    auth: {
      clientId: "app",
      clientSecret: "secret",
      oidcAuthority: issuer,
      authorityMetadata: JSON.stringify(metadata),
    },
    system,
  });
  const request = { code: "one-time", scopes: ["openid"], redirectUri: "https://app.example/callback" };
  const first = expect(app.acquireTokenByCode(request)).rejects.toMatchObject({ errorCode: "invalid_grant" });
  await sent.opened;
  clock.advance((callTimeoutMs - rest) / 1000);
  const second = expect(app.acquireTokenByCode(request)).rejects.toMatchObject({
    errorCode: "invalid_grant",
  });
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  answered.open();
  await Promise.all([first, second]);
  expect(codes).toEqual(["one-time"]);
});

describe("the steps of two agents' calls", () => {
  it("end each in the time of its own call", async () => {
    const stage: AgentStage = agentStage();
    const [asked, askedAgain, answered] = [gate(), gate(), gate()];
    const waits = [asked, askedAgain];
    let isRefused = false;
    // Entra refuses the agent's own token after a while, and is slow to issue what the agent needs for another one.
    stage.lifetimes["t1"] = 30;
    stage.refuse = ({ leg }) => {
      if (leg !== "user" || isRefused) return undefined;
      isRefused = true;
      stage.clock.advance((callTimeoutMs - rest) / 1000);
      return { error: "invalid_grant", error_codes: [50013] };
    };
    stage.arrived = async ({ leg }) => {
      if (leg !== "t1" || !isRefused) return;
      waits.shift()?.open();
      await answered.opened;
    };
    const app = stage.app({ system: { callTimeoutMs, retries: 0 } });
    const first = expect(ask(app)).rejects.toMatchObject(outOfTime);
    await asked.opened;
    const second = ask(app, { user: { objectId: user(1) } });
    await askedAgain.opened;
    deadline.pass();
    await first;
    answered.open();
    expect(purpose(await second)).toMatchObject({ leg: "user" });
    expect(stage.legs()).toEqual(["t1", "t2", "user", "t1", "t1", "t2", "user"]);
  });

  it("fail, if nobody else waits, with what the server said last", async () => {
    const stage: AgentStage = agentStage();
    const send: INetworkModule["sendPostRequestAsync"] = async <T>() => {
      stage.clock.advance(callTimeoutMs / 1000);
      return { status: 503, headers: {}, body: { error: "temporarily_unavailable" } as T };
    };
    const networkClient = { sendGetRequestAsync: send, sendPostRequestAsync: send };
    const app = stage.app({ system: { callTimeoutMs, networkClient } });
    await expect(ask(app, { scopes: appScopes })).rejects.toMatchObject({
      name: "ServerError",
      status: 503,
      isRetryable: true,
      attempts: 1,
    });
  });
});
