import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import type { AccountInfo, DeviceCodeResponse, PublicClientApplication } from "@tessera/node";
import { signInOnDevice } from "./device-sign-in.js";
import { startEntra, type Entra } from "./entra.js";
import { interactiveUser, type InteractiveUser } from "./interactive-user.js";

export const scopes = ["https://graph.microsoft.com/User.Read"];
export const otherScopes = ["https://graph.microsoft.com/Mail.Read"];

const passwords = {
  "alice@contoso.example": "alice-password",
  "bob@contoso.example": "bob-password",
} as const;
export type Username = keyof typeof passwords;
export const [alice, bob] = Object.keys(passwords) as [Username, Username];

/** What says whether a browser can be opened here. */
export const browserVariables = [
  "CI",
  "DISPLAY",
  "WAYLAND_DISPLAY",
  "SSH_CONNECTION",
  "SSH_TTY",
  "WSL_DISTRO_NAME",
];

/** Users in front of an application's one call, at a local authority of their own. */
export interface OneCallStage {
  readonly entra: Entra;
  publicClient(): PublicClientApplication;
  /** A user in front of a browser. */
  user(username: Username, over?: { readonly declines?: number }): InteractiveUser;
  /** A user who types device codes in. */
  onDeviceCode(
    username: Username,
    decision?: "accept" | "cancel",
  ): ((response: DeviceCodeResponse) => void) & { readonly shown: readonly DeviceCodeResponse[] };
  /** An application that knows these users. */
  appOf(...usernames: readonly Username[]): Promise<PublicClientApplication>;
  accountIn(app: PublicClientApplication, username: Username): Promise<AccountInfo>;
  /** Where the user was asked, by what the identity provider saw. */
  askedWhere(): readonly string[];
}

/** Sets the stage up for the tests of a file. No browser can be opened, whatever machine this is. */
export function oneCallStage(): OneCallStage {
  let entra: Entra;
  let deviceSignIn: Promise<unknown> | undefined;
  const before = Object.fromEntries(browserVariables.map((name) => [name, process.env[name]]));
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());
  beforeEach(() => {
    process.env["CI"] = "true";
  });
  afterEach(() => {
    entra.authority.clearRequests();
    deviceSignIn = undefined;
    for (const name of browserVariables) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  });

  const stage: OneCallStage = {
    get entra() {
      return entra;
    },
    publicClient: () => {
      const sleep = async (milliseconds: number): Promise<void> => {
        entra.clock.advance(milliseconds / 1000);
        await deviceSignIn;
      };
      return entra.publicClient({ system: { clock: { now: entra.clock.now, sleep } } });
    },
    user: (username, over = {}) =>
      interactiveUser({ username, password: passwords[username], ca: entra.authority.caPem, ...over }),
    onDeviceCode: (username, decision = "accept") => {
      const shown: DeviceCodeResponse[] = [];
      const show = (device: DeviceCodeResponse): void => {
        shown.push(device);
        const credentials = { username, password: passwords[username], ca: entra.authority.caPem, decision };
        deviceSignIn = signInOnDevice(device.verificationUri, device.userCode, credentials);
      };
      return Object.assign(show, { shown });
    },
    appOf: async (...usernames) => {
      const app = stage.publicClient();
      for (const username of usernames) {
        await app.acquireTokenInteractive({ scopes, openBrowser: stage.user(username).openBrowser });
      }
      return app;
    },
    accountIn: async (app, username) => {
      const [account] = await app.getAccounts({ username });
      if (!account) throw new Error(`${username} is not known`);
      return account;
    },
    askedWhere: () =>
      entra.authority.requests.flatMap(({ endpoint, method }) => {
        if (endpoint === "authorize" && method === "GET") return ["browser"];
        return endpoint === "device-code" ? ["device"] : [];
      }),
  };
  return stage;
}
