import { inspect } from "node:util";
import { expect } from "@jest/globals";
import { PublicClientApplication, type DeviceCodeResponse, type INetworkModule } from "@tessera/node";
import { clientId, scopes, tenant } from "./cache-stage.js";
import { recordedNetwork } from "./recorded-network.js";

export const authority = `https://login.microsoftonline.com/${tenant}`;
/** The error of a call. */
export const failure = (call: Promise<unknown>) =>
  call.then(
    () => new Error("no failure"),
    (error: unknown) => error,
  );

export const host = "https://idp.example";
export const metadata = {
  issuer: host,
  authorization_endpoint: `${host}/authorize`,
  token_endpoint: `${host}/token`,
  jwks_uri: `${host}/keys`,
  end_session_endpoint: `${host}/logout`,
};
export const device = {
  ...{ user_code: "CODE", device_code: "device", verification_uri: `${host}/device`, message: "Go there" },
  ...{ expires_in: 10, interval: 5 },
};

export function oidcApp(over: object): PublicClientApplication {
  const networkClient = recordedNetwork(() => ({ body: { ...metadata, ...over } }));
  return new PublicClientApplication({ auth: { clientId, oidcAuthority: host }, system: { networkClient } });
}

interface Watch {
  /** JSON text of the answer, in place of the fields. */
  readonly text?: string;
  /** Seconds the library waited. */
  readonly waits?: number[];
  readonly onPoll?: () => void;
}

/** What a user is shown for a device code answer; the user never signs in. */
export async function showDeviceCode(
  over: object,
  { text = JSON.stringify({ ...device, ...over }), waits = [], onPoll = () => undefined }: Watch = {},
): Promise<DeviceCodeResponse | undefined> {
  let time = Date.now();
  const sleep = async (milliseconds: number) => {
    waits.push(milliseconds / 1000);
    // What a timer makes of it.
    time += milliseconds > 0 && milliseconds < 2 ** 31 ? milliseconds : 1;
    if (waits.length > 30_000) throw new Error("a poll storm");
  };
  const networkClient: INetworkModule = {
    sendGetRequestAsync: async () => Promise.reject(new Error("not asked")),
    sendPostRequestAsync: async <T>(url: string) => {
      if (url.includes("/devicecode")) return { status: 200, headers: {}, body: text as T };
      onPoll();
      return { status: 400, headers: {}, body: { error: "authorization_pending" } as T };
    },
  };
  let shown: DeviceCodeResponse | undefined;
  const app = new PublicClientApplication({
    auth: { clientId, authority },
    system: { networkClient, clock: { now: () => time, sleep } },
  });
  const request = { scopes, deviceCodeCallback: (response: DeviceCodeResponse) => void (shown = response) };
  const error = await failure(app.acquireTokenByDeviceCode(request));
  if (!shown) throw error;
  expect(inspect(error)).toMatch(/device_code_expired/);
  return shown;
}
