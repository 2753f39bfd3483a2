// A loop over a failing call of createResourceFetch floods neither the resource nor its issuer, and its errors say whether to come back.
// proves: node/src/resource/discover-resource.ts, node/src/resource/issuers.ts, node/src/resource/issuer-metadata.ts,
// node/src/resource/resource-tokens.ts
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { AuthError, createResourceFetch } from "@tessera/node";
import { startFakeIssuer, type FakeIssuer } from "../support/fake-issuer.js";
import { startResource, type ResourceReply, type TestResource } from "../support/protected-resource.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

let issuer: FakeIssuer;
let resource: TestResource;
let clock: TestClock;
beforeEach(async () => {
  issuer = await startFakeIssuer();
  resource = await startResource(issuer.url);
  clock = createTestClock();
});
afterEach(() => Promise.all([issuer.close(), resource.close()]));

function agent(): typeof globalThis.fetch {
  return createResourceFetch({
    grant: "app",
    client: { registered: { [issuer.url]: { clientId: "agent", clientSecret: "the-secret-of-the-agent" } } },
    system: { proxy: false, clock, retries: 0 },
  });
}
const failure = (call: Promise<unknown>): Promise<AuthError> =>
  call.then(
    () => Promise.reject(new Error("the call has not failed")),
    (error: unknown) => error as AuthError,
  );

const places: Readonly<Record<string, RegExp>> = {
  "the resource's metadata": /oauth-protected-resource/,
  "the issuer's metadata": /oauth-authorization-server/,
  "the token endpoint": /\/token$/,
};
const answers: Readonly<Record<string, ResourceReply>> = {
  "HTTP 503": { status: 503 },
  "a page": { headers: { "content-type": "text/html" }, body: "<html>" },
};
const cells = Object.entries(places).flatMap(([place, path]) =>
  Object.entries(answers).map(([what, answer]) => ({ place, path, what, answer })),
);
/** Has one place answer so. */
function fail(place: RegExp, answer: ResourceReply): void {
  resource.reply = ({ path }) => (place.test(path) ? answer : undefined);
  issuer.reply = ({ path }) => (place.test(path) ? answer : undefined);
}

describe("a loop over a failing call", () => {
  test.each(cells)(
    "$place answers $what: at most ten requests a second are sent",
    async ({ path, answer }) => {
      fail(path, answer);
      const fetch = agent();
      // Three seconds, in each of which the caller tries twenty times.
      let told = 0;
      for (let turn = 0; turn < 60; turn += 1) {
        clock.advance(0.05);
        const error = await failure(fetch(resource.url));
        expect(error).toBeInstanceOf(AuthError);
        told = error.retryAfterSeconds ?? 0;
      }
      expect(resource.asked().length + issuer.requests.length).toBeLessThanOrEqual(30);
      resource.reply = () => undefined;
      issuer.reply = () => undefined;
      expect(told).toBeGreaterThan(0);
      clock.advance(told);
      expect((await fetch(resource.url)).status).toBe(200);
    },
  );
});

test.each([408, 429, 503])(
  "HTTP %d for an issuer's metadata may pass, and its pause is told",
  async (status) => {
    fail(/oauth-authorization-server/, { status, headers: { "retry-after": "7" } });
    expect(await failure(agent()(resource.url))).toMatchObject({
      errorCode: "openid_config_error",
      isRetryable: true,
      attempts: 1,
      retryAfterSeconds: 7,
    });
    expect(issuer.requests).toHaveLength(1);
  },
);
