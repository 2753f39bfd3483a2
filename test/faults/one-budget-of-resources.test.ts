// All that precedes a token for a protected resource shares the time of its call: the look-up of its address, its metadata and
// those of the issuer, and the registration of a client, also while another process does it. What the app decides does not count.
// proves: node/src/resource/resource-tokens.ts, node/src/resource/discover-resource.ts
import dns from "node:dns";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createResourceTokens, type ICachePlugin, type ResourceOptions } from "@tessera/node";
import { deadlineInHand, endsOutOfTime, outOfTime } from "../support/deadline-in-hand.js";
import { clientId, clientSecret, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { gate } from "../support/gate.js";

const callTimeoutMs = 99_999;
/** What is left to the part that never ends, in milliseconds. */
const rest = 55_555;
const system = { callTimeoutMs, retries: 0 };
const never = new Promise<never>(() => undefined);
let provider: FakeProvider;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterEach(() => provider.reset());
afterAll(() => provider.close());

describe("a token for a protected resource", () => {
  const challenge = { status: 401, headers: new Headers({ "www-authenticate": "Bearer" }) };
  const resourceTokens = (over: Partial<ResourceOptions>) =>
    createResourceTokens({
      client: { name: "agent" },
      system: { ...system, clock: provider.clock, proxy: false },
      ...over,
    });
  const registered = () => ({ registered: { [provider.url]: { clientId, clientSecret } } });
  /** The documents of the resource and of the issuer take the time of a call but for the rest. */
  const slowDocuments = (): void => {
    for (const endpoint of ["resource", "discovery"] as const) {
      const { [endpoint]: answer } = provider.answers;
      provider.answers[endpoint] = (request) => {
        provider.clock.advance((callTimeoutMs - rest) / 2000);
        return answer(request);
      };
    }
  };

  it("has one time for the resource's metadata, the issuer's and the token", async () => {
    const tokens = resourceTokens({ grant: "app", client: registered() });
    slowDocuments();
    const asked = gate();
    provider.answers.token = () => ({ raw: asked.open });
    const attempt = await tokens.begin(`${provider.url}/api`);
    await endsOutOfTime(rest, () => tokens.next(attempt, challenge), asked.opened);
    expect(provider.count("token")).toBe(1);
  });

  it("has no longer for the address of the resource, which the next call looks up again", async () => {
    const tokens = resourceTokens({ grant: "app", client: registered() });
    const lookUp = jest.spyOn(dns, "lookup");
    const deadline = deadlineInHand(callTimeoutMs);
    try {
      for (const times of [1, 2]) {
        const asked = gate();
        lookUp.mockImplementation(asked.open);
        const attempt = await tokens.begin("https://api.example/mcp");
        const ended = expect(tokens.next(attempt, challenge)).rejects.toMatchObject({
          ...outOfTime(rest),
          message: expect.stringContaining(
            `Timed out waiting for the address of api.example: ${callTimeoutMs} ms`,
          ),
        });
        await asked.opened;
        deadline.pass();
        await ended;
        expect(lookUp).toHaveBeenCalledTimes(times);
      }
    } finally {
      deadline.restore();
      lookUp.mockRestore();
    }
  });

  it("has what is left while another process registers the client", async () => {
    const waiting = gate();
    let signal: AbortSignal | undefined;
    const cachePlugin: ICachePlugin = {
      beforeCacheAccess: async () => undefined,
      afterCacheAccess: async () => undefined,
      aroundRefresh: (_name, _work, given) => {
        signal = given;
        waiting.open();
        return never;
      },
    };
    const tokens = resourceTokens({
      cache: { cachePlugin },
      allowIssuer: () => true,
      onDeviceCode: () => undefined,
    });
    const metadata = provider.metadata({ registration_endpoint: `${provider.url}/register` });
    provider.answers.discovery = () => ({ body: metadata });
    slowDocuments();
    const attempt = await tokens.begin(`${provider.url}/api`);
    await endsOutOfTime(rest, () => tokens.next(attempt, challenge), waiting.opened);
    expect(signal?.aborted).toBe(true);
    expect(provider.count("registration")).toBe(0);
  });
});

describe("the time of the app", () => {
  it("does not count while it decides on the issuer of a resource, for any call that waits for that", async () => {
    let decided = 0;
    const tokens = createResourceTokens({
      grant: "app",
      client: { registered: { [provider.url]: { clientId, clientSecret } } },
      allowIssuer: async () => {
        decided += 1;
        await new Promise((resolve) => setImmediate(resolve));
        if (decided === 1) provider.clock.advance(callTimeoutMs / 1000);
        return true;
      },
      system: { ...system, clock: provider.clock, proxy: false },
    });
    const challenge = { status: 401, headers: new Headers({ "www-authenticate": "Bearer" }) };
    const attempts = await Promise.all([1, 2].map(() => tokens.begin(`${provider.url}/api`)));
    const next = await Promise.all(attempts.map((attempt) => tokens.next(attempt, challenge)));
    expect(next.map((found) => found?.token?.accessToken)).toEqual(["an-access-token", "an-access-token"]);
    // Once when the resource is learnt, and once for each token.
    expect(decided).toBe(3);
  });
});
