import { afterAll, afterEach, beforeAll } from "@jest/globals";
import type { RecordedRequest } from "@tessera/local-authority";
import {
  PublicClientApplication,
  type AuthenticationResult,
  type DeviceCodeRequest,
  type DeviceCodeResponse,
} from "@tessera/node";
import { signInOnDevice } from "./device-sign-in.js";
import { startEntra, type Entra } from "./entra.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
export const alice = { username: "alice@contoso.example", password: "alice-password" };

/** A sign-in with a device code that has begun. */
export interface DeviceCodeRun {
  readonly app: PublicClientApplication;
  readonly result: Promise<AuthenticationResult>;
  /** What the callback got. */
  readonly shown: DeviceCodeResponse[];
  /** Seconds the library waited, one by one. */
  readonly waits: number[];
}

type WhenWaiting = (turn: number, device: DeviceCodeResponse) => unknown;

/** A local authority whose clock, like the library's, moves only when the library waits. */
export interface DeviceCodeStage {
  readonly entra: Entra;
  /**
   * @param whenWaiting what happens while the library waits for the nth time, counted from 1
   */
  start(whenWaiting: WhenWaiting, over?: Partial<DeviceCodeRequest>): DeviceCodeRun;
  /** The user signs in while the library waits for the nth time. */
  signsInAt(when: number, decision?: "accept" | "cancel"): WhenWaiting;
  /** The questions to the token endpoint. */
  polls(): readonly RecordedRequest[];
}

/** Sets the stage up for the tests of a file or a `describe`. */
export function deviceCodeStage(): DeviceCodeStage {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterEach(() => entra.authority.clearRequests());
  afterAll(() => entra.close());
  return {
    get entra() {
      return entra;
    },
    start: (whenWaiting, over = {}) => {
      const shown: DeviceCodeResponse[] = [];
      const waits: number[] = [];
      const sleep = async (milliseconds: number): Promise<void> => {
        waits.push(milliseconds / 1000);
        entra.clock.advance(milliseconds / 1000);
        const [device] = shown;
        if (device) await whenWaiting(waits.length, device);
      };
      const system = { ...entra.configuration("public").system, clock: { now: entra.clock.now, sleep } };
      const app = new PublicClientApplication({ ...entra.configuration("public"), system });
      const deviceCodeCallback = (device: DeviceCodeResponse): void => void shown.push(device);
      const result = app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback, ...over });
      result.catch(() => undefined);
      return { app, result, shown, waits };
    },
    signsInAt:
      (when, decision = "accept") =>
      async (turn, { verificationUri, userCode }) => {
        if (turn !== when) return;
        await signInOnDevice(verificationUri, userCode, { ...alice, decision, ca: entra.authority.caPem });
      },
    polls: () => entra.authority.requests.filter(({ endpoint }) => endpoint === "token"),
  };
}
