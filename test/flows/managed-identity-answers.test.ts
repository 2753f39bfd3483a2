// What a host may answer: dates in every format that was ever seen, and what no host answers.
// proves: node/src/managed-identity/expiry.ts, node/src/managed-identity/http-clients.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { parsedTime } from "../../packages/node/src/managed-identity/expiry.js";
import { ENVIRONMENTS, ourApp, setEnvironment } from "../support/managed-identity-stage.js";
import {
  startMetadataEndpoint,
  token,
  type MetadataEndpoint,
  type MetadataResponse,
} from "../support/metadata-endpoint.js";
import { createTestClock } from "../support/test-clock.js";

const resource = "https://vault.azure.net";
const noon = Date.UTC(2026, 8, 14, 12, 0, 0) / 1000;

describe("a date is read:", () => {
  test.each([
    [noon],
    [noon + 0.9],
    [String(noon)],
    [` ${noon} `],
    [`${noon}.5`],
    ["2026-09-14T12:00:00Z"],
    ["2026-09-14T12:00:00.000Z"],
    ["2026-09-14T12:00:00.1234567Z"],
    ["2026-09-14T12:00:00"],
    ["2026-09-14 12:00:00"],
    ["2026-09-14T14:00:00+02:00"],
    ["2026-09-14T14:00:00+0200"],
    ["2026-09-14 08:30:00 -03:30"],
    ["09/14/2026 12:00:00"],
    ["09/14/2026 12:00:00 +00:00"],
    ["09/14/2026 12:00:00 PM +00:00"],
    ["9/14/2026 12:0:0 PM +00:00"],
    ["09/14/2026 00:00:00 PM +00:00"],
    ["09/14/2026 2:00:00 PM +02:00"],
    ["9/15/2026 12:00:00 AM +12:00"],
    ["09/14/2026 12:00:00 pm z"],
  ])("%s", (value) => {
    expect(parsedTime(value)).toBe(noon);
  });
});

describe("what is no date is not read:", () => {
  test.each([
    [undefined],
    [null],
    [""],
    ["soon"],
    [Number.NaN],
    [Infinity],
    ["2026-13-14T12:00:00Z"],
    ["2026-09-32T12:00:00Z"],
    ["09/14/26 12:00:00"],
    ["14.09.2026 12:00:00"],
    ["2026-09-14T25:00:00Z"],
    ["-1"],
    [{}],
    [true],
    ["2026-09-14T12:00:00Z; x"],
  ])("%j", (value) => {
    expect(parsedTime(value)).toBeUndefined();
  });
});

let endpoint: MetadataEndpoint;
let restore = (): void => undefined;
beforeAll(async () => {
  endpoint = await startMetadataEndpoint();
});
beforeEach(() => {
  restore = setEnvironment(ENVIRONMENTS.AppService(endpoint.origin));
  endpoint.requests.length = 0;
});
afterEach(() => restore());
afterAll(() => endpoint.close());
const ask = (clock = createTestClock(noon * 1000)) => ourApp({}, clock).acquireToken({ resource });
const expiring = (over: object) => {
  endpoint.respond = () => ({ body: token({ expires_on: undefined, ...over }) });
};

describe("the expiry of a token", () => {
  test.each<[object, number]>([
    [{ expires_on: "09/14/2026 13:00:00 PM +00:00" }, 3600],
    [{ expires_on: noon + 3600, expires_in: "60" }, 3600],
    [{ expires_in: 60 }, 60],
    [{ expires_in: "60" }, 60],
    [{ expires_on: "in an hour", expires_in: "60" }, 60],
  ])("%j", async (over, seconds) => {
    expiring(over);
    expect((await ask()).expiresOn?.getTime()).toBe((noon + seconds) * 1000);
  });

  test.each<[string, object]>([
    ["none", {}],
    ["a text", { expires_on: "in an hour" }],
    ["a negative time", { expires_in: -1 }],
    ["the past", { expires_on: noon - 60 }],
    ["now", { expires_on: noon }],
    ["a time after a thousand years", { expires_on: noon * 20 }],
  ])("%s is refused", async (_, over) => {
    expiring(over);
    await expect(ask()).rejects.toMatchObject({ errorCode: "invalid_token_response" });
  });
});

describe("an answer", () => {
  const long = "x".repeat(300_000);
  test.each<[string, MetadataResponse, string]>([
    ["of HTML", { body: "<html>Sign in to the network</html>" }, "invalid_token_response"],
    ["of a list", { body: [] }, "invalid_token_response"],
    ["without a token", { body: token({ access_token: undefined }) }, "invalid_token_response"],
    ["with an empty token", { body: token({ access_token: "" }) }, "invalid_token_response"],
    ["with a number as the token", { body: token({ access_token: 1 }) }, "invalid_token_response"],
    ["with a token of two lines", { body: token({ access_token: "a\r\nb" }) }, "invalid_token_response"],
    ["with a list as the resource", { body: token({ resource: ["a"] }) }, "invalid_token_response"],
    ["larger than any token", { body: token({ access_token: long }) }, "network_error"],
    ["of a failed gateway", { status: 502, body: "<html>Bad gateway</html>" }, "server_error"],
    [
      "that redirects",
      { status: 302, headers: { location: "/elsewhere" }, body: "" },
      "invalid_token_response",
    ],
    ["with a token and an error", { body: token({ error: "no" }) }, "no"],
    ["with a token and the status 400", { status: 400, body: token() }, "server_error"],
  ])("%s is refused, and nothing is cached", async (_, response, code) => {
    endpoint.respond = () => response;
    const clock = createTestClock();
    await expect(ask(clock)).rejects.toMatchObject({ errorCode: code });
    expect(endpoint.requests).toHaveLength(1);
    endpoint.respond = () => ({ body: token() });
    expect(await ask(clock)).toMatchObject({ fromCache: false });
  });

  test("of a network client of the app is no larger either", async () => {
    const answer = { status: 200, headers: {}, body: token({ access_token: long }) };
    const networkClient = {
      sendGetRequestAsync: <T>() =>
        Promise.resolve(answer as { status: number; headers: Record<string, string>; body: T }),
      sendPostRequestAsync: () => Promise.reject(new Error("no POST")),
    };
    const app = ourApp({ system: { networkClient, clock: createTestClock() } });
    await expect(app.acquireToken({ resource })).rejects.toMatchObject({ errorCode: "network_error" });
  });
});
