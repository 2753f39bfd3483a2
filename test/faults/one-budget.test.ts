// All requests of one call share one time, also those of the calls that it builds on: what one of them takes is not there for
// the next. The clock runs only while the provider answers, and the last endpoint never does.
// proves: core/src/exchange/accounted.ts, core/src/http/budget.ts, node/src/cross-app/identity-assertion.ts
import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { AuthCodeFlowRequest } from "@tessera/node";
import { agentStage, ask, type AgentStage } from "../support/agent-stage.js";
import { accountOf } from "../support/entra.js";
import {
  code,
  nonce,
  redeem,
  startFakeProvider,
  type Endpoint,
  type FakeProvider,
} from "../support/fake-provider.js";

const callTimeoutMs = 4000;
/** What is left to the last request, in milliseconds: more than the fifth below which a code is not sent. */
const rest = 900;
const system = { callTimeoutMs, retries: 0 };
const scopes = ["openid", "api:read"];
const redirectUri = "https://app.example/signed-in";
let provider: FakeProvider;
let other: FakeProvider;

beforeAll(async () => {
  [provider, other] = await Promise.all([startFakeProvider(), startFakeProvider()]);
});
afterEach(() => {
  provider.reset();
  other.reset();
});
afterAll(() => Promise.all([provider.close(), other.close()]));

/** Makes endpoints take the time of a call but for the rest, in equal parts, and the last one never answer. */
const slow = (
  taking: readonly (readonly [FakeProvider, Endpoint])[],
  last: readonly [FakeProvider, Endpoint],
) => {
  for (const [at, endpoint] of taking) {
    const { [endpoint]: answer } = at.answers;
    at.answers[endpoint] = (request) => {
      provider.clock.advance((callTimeoutMs - rest) / taking.length / 1000);
      return answer(request);
    };
  }
  const [at, endpoint] = last;
  at.answers[endpoint] = () => ({ raw: () => undefined });
};
/** Discovery and keys take the time of the check, and the redemption gets no answer. */
const slowUntilToken = () => {
  const taking = (["discovery", "keys"] as const).map((endpoint) => [provider, endpoint] as const);
  slow(taking, [provider, "token"]);
};
const outOfTime = { errorCode: "network_error", message: expect.stringContaining(`within ${rest} ms`) };
/** A flow that one application has started, and another one, which has fetched nothing yet, to complete it. */
const started = async (over: Partial<AuthCodeFlowRequest>) => {
  const app = provider.confidential({ system });
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, nonce, ...over });
  return { flow, fresh: provider.confidential({ system }) };
};

describe("one time", () => {
  it("is for the check of a response that is a JWT, and the redemption of its code", async () => {
    const { flow, fresh } = await started({ responseMode: "query.jwt" });
    slowUntilToken();
    const response = provider.idToken({ claims: { code, state: flow.state } });
    await expect(fresh.acquireTokenByAuthCodeFlow(flow, { response })).rejects.toMatchObject(outOfTime);
    const sent = { scopes, redirectUri, responseMode: "query.jwt" as const, state: flow.state };
    provider.reset();
    slowUntilToken();
    const app = provider.confidential({ system });
    await expect(app.acquireTokenByCode(sent, new URLSearchParams({ response }))).rejects.toMatchObject(
      outOfTime,
    );
  });

  it("is for the check of an ID token beside a code, and the redemption of the code", async () => {
    const { flow, fresh } = await started({ responseType: "code id_token" });
    slowUntilToken();
    const hash = createHash("sha256").update(code).digest().subarray(0, 16).toString("base64url");
    const idToken = provider.idToken({ claims: { c_hash: hash } });
    const response = { code, state: flow.state, id_token: idToken };
    await expect(fresh.acquireTokenByAuthCodeFlow(flow, response)).rejects.toMatchObject(outOfTime);
  });

  describe("is for an agent", () => {
    const staged = (last: string, before: number): AgentStage => {
      const stage = agentStage();
      stage.arrived = async ({ leg }) => {
        if (leg === last) await new Promise(() => undefined);
        stage.clock.advance((callTimeoutMs - rest) / before / 1000);
      };
      return stage;
    };

    it.each([
      ["that acts as a user, in three requests", "user", 2, {}],
      [
        "that acts as itself, in two",
        "app",
        1,
        { user: undefined, scopes: ["https://graph.microsoft.com/.default"] },
      ],
    ])("%s", async (_, last, before, over) => {
      const app = staged(last, before).app({ system });
      await expect(ask(app, over)).rejects.toMatchObject(outOfTime);
    });
  });

  describe("is for a call across apps", () => {
    const across = () => {
      const app = provider.confidential({ system });
      provider.answers.token = ({ form }) => ({
        body: { ...provider.tokens(), issued_token_type: form["requested_token_type"], token_type: "N_A" },
      });
      const client = { clientId: "at-the-other", clientSecret: "the secret at the other server" };
      const request = { idToken: provider.idToken(), audience: other.url, resource: "https://api.example" };
      return () => app.acquireTokenAcrossApps({ ...request, client, scopes: ["read"] });
    };

    it("whose own request is the last", async () => {
      const call = across();
      slow(
        [
          [provider, "discovery"],
          [provider, "token"],
        ],
        [other, "token"],
      );
      await expect(call()).rejects.toMatchObject(outOfTime);
    });

    it("whose company's provider does not answer", async () => {
      const call = across();
      slow([[other, "discovery"]], [provider, "token"]);
      await expect(call()).rejects.toMatchObject({
        errorCode: "network_error",
        isRetryable: true,
        message: expect.stringContaining("system.callTimeoutMs"),
      });
    });
  });

  it("is for user info, and the token that it needs", async () => {
    const endpoint = { userinfo_endpoint: `${provider.url}/userinfo` };
    provider.answers.discovery = () => ({ body: provider.metadata(endpoint) });
    const app = provider.confidential({ system });
    const account = accountOf(await redeem(app));
    provider.clock.advance(100_000);
    slow(
      [
        [provider, "discovery"],
        [provider, "token"],
      ],
      [provider, "userinfo"],
    );
    await expect(app.userInfo({ account })).rejects.toMatchObject(outOfTime);
  });

  it("and timeoutMs are for all steps of a code flow together", async () => {
    const { flow, fresh } = await started({ responseMode: "query.jwt" });
    provider.answers.keys = () => ({ raw: () => undefined });
    const response = provider.idToken({ claims: { code, state: flow.state } });
    const call = fresh.acquireTokenByAuthCodeFlow(flow, { response }, { timeoutMs: 50 });
    await expect(call).rejects.toMatchObject({ errorCode: "request_timeout" });
  });
});
