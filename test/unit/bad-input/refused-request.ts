import { expect } from "@jest/globals";
import {
  AuthError,
  ConfidentialClientApplication,
  type INetworkModule,
  type NodeAuthOptions,
} from "@tessera/node";
import { clientId, clientSecret, secretWord, type Part } from "./refusal.js";

let sent = 0;

/** How many requests have been sent in this file. */
export const sentRequests = (): number => sent;

const refuse = async (): Promise<never> => {
  sent += 1;
  throw new Error("a request was sent");
};
const network: INetworkModule = { sendGetRequestAsync: refuse, sendPostRequestAsync: refuse };

/** An application that can send nothing. */
export function application(over: Partial<NodeAuthOptions> = {}): ConfidentialClientApplication {
  const authority = "https://login.microsoftonline.com/contoso.example";
  return new ConfidentialClientApplication({
    auth: { clientId, clientSecret, authority, ...over },
    system: { networkClient: network },
  });
}

export type Method =
  | "acquireToken"
  | "acquireTokenByClientCredential"
  | "acquireTokenByCode"
  | "acquireTokenByRefreshToken"
  | "acquireTokenOnBehalfOf"
  | "acquireTokenSilent"
  | "getAuthCodeUrl";

export const scopes = ["https://graph.microsoft.com/.default"];
export const redirectUri = "https://app.example/signed-in";
const account = {
  homeAccountId: "u.t",
  environment: "e",
  tenantId: "t",
  username: "ada",
  localAccountId: "u",
};

/** A request of each method that is good but for what a test lays over it. */
export const good: Readonly<Record<Method, Part>> = {
  acquireToken: { scopes },
  acquireTokenByClientCredential: { scopes },
  acquireTokenByCode: {
    scopes,
    redirectUri,
    code: `code-${secretWord}`,
    codeVerifier: `verifier-${secretWord}`,
  },
  acquireTokenByRefreshToken: { scopes, refreshToken: `refresh-${secretWord}` },
  acquireTokenOnBehalfOf: { scopes, oboAssertion: `assertion-${secretWord}` },
  acquireTokenSilent: { scopes, account },
  getAuthCodeUrl: { scopes, redirectUri },
};
export const methods = Object.keys(good) as Method[];

/** What a method refuses a request with, before anything is sent. */
export async function failure(method: Method, request: unknown, app = application()): Promise<AuthError> {
  const call = app[method].bind(app) as (request: unknown) => Promise<unknown>;
  const error: unknown = await call(request).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AuthError);
  expect(sentRequests()).toBe(0);
  return error as AuthError;
}

/** The error says what is wrong, and holds no secret. */
export function expectSays(error: AuthError, errorCode: string, says: RegExp): void {
  expect(error).toMatchObject({ errorCode });
  expect(error.errorMessage).toMatch(says);
  expect(`${error.message}${error.stack ?? ""}`).not.toContain(secretWord);
}
