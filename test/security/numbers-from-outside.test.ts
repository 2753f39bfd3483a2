// proves: core/src/flows/device-code.ts, core/src/clock.ts, core/src/http/throttle.ts
// No number from outside makes a poll storm, or a token or a pause without end.
import { describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type INetworkModule } from "@tessera/node";
import { clientId, clientSecret, Network, signIn, tessera, tokens } from "../support/cache-stage.js";
import { authority, device, failure, showDeviceCode } from "../support/shown-device-code.js";

const appAsk = { scopes: ["https://graph.microsoft.com/.default"] };

describe("polling for a device code", () => {
  it.each([
    ["interval", "1e999", 86_400, 300],
    ["interval", "-1e999", 10, 1],
    ["interval", "-5", 10, 1],
    ["interval", "0", 20, 5],
    ["interval", "0.001", 10, 1],
    ["interval", '"NaN"', 20, 5],
    ["interval", '"1e999"', 86_400, 300],
    ["interval", "{}", 20, 5],
    ["interval", "[1]", 20, 5],
    ["interval", "null", 20, 5],
    ["interval", "true", 20, 5],
    ["interval", "3e9", 86_400, 300],
    ["expires_in", "1e999", 86_400, 300],
    ["expires_in", '"1e999"', 86_400, 300],
    ["expires_in", "3e9", 86_400, 300],
  ])(
    "with %s %s lasts %d s at most, with a request every %d s",
    async (field, value, expiresIn, interval) => {
      const waits: number[] = [];
      let polls = 0;
      const answer = { ...device, interval, expires_in: expiresIn, [field]: "@" };
      const text = JSON.stringify(answer).replace('"@"', value);
      const shown = await showDeviceCode({}, { text, waits, onPoll: () => void (polls += 1) });
      expect(shown).toMatchObject({ expiresIn, interval });
      expect(Math.min(...waits.slice(0, -1))).toBe(Math.min(interval, expiresIn));
      expect(polls).toBeLessThanOrEqual(expiresIn / interval + 1);
      expect(polls).toBeGreaterThan(0);
    },
  );

  it.each(["0", "-1", "-1e999", '"soon"', "{}", "null", "true", "[900]"])(
    "does not begin with expires_in %s",
    async (value) => {
      const text = JSON.stringify({ ...device, expires_in: "@" }).replace('"@"', value);
      const error = await failure(showDeviceCode({}, { text }));
      expect(error).toMatchObject({ errorCode: "device_code_unknown_error" });
    },
  );
});

describe("lifetimes and pauses from outside are bounded:", () => {
  it.each(["expires_in", "ext_expires_in", "refresh_in", "refresh_token_expires_in"])(
    "%s of a token response",
    async (field) => {
      for (const value of ["1e999", "-1e999", "-1", "3.2e12", '"1e999"', "{}", "[1]", "true"]) {
        const text = JSON.stringify({ ...tokens(), [field]: "@" }).replace('"@"', value);
        const error = await failure(signIn(tessera(new Network(() => text))));
        expect(error).toMatchObject({ errorCode: "invalid_token_response" });
      }
    },
  );

  it.each(["9".repeat(400), "1e999", "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "Retry-After: %s is an hour at most",
    async (header) => {
      let time = Date.now();
      let sent = 0;
      const networkClient: INetworkModule = {
        sendGetRequestAsync: async () => Promise.reject(new Error("not asked")),
        sendPostRequestAsync: async <T>() => {
          sent += 1;
          return { status: 429, headers: { "retry-after": header }, body: { error: "busy" } as T };
        },
      };
      const system = { networkClient, clock: { now: () => time } };
      const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, authority }, system });
      await failure(app.acquireTokenByClientCredential(appAsk));
      time += 3_600_001;
      await failure(app.acquireTokenByClientCredential(appAsk));
      expect(sent).toBe(2);
    },
  );
});
