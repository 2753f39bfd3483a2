import type { AuthenticationResult } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { redeem, scopes, type FakeProvider, type Over } from "../support/fake-provider.js";
import type { Asked } from "./cell.js";

/** A call that reaches one endpoint, and what it may be sent again after. */
export interface Flow extends Asked {
  /** Prepares the application, with good answers. Returns the call. */
  readonly prepare: (provider: FakeProvider, over: Over) => Promise<() => Promise<AuthenticationResult>>;
}

const app = async (provider: FakeProvider, over: Over) => provider.confidential(over);
const appToken = { scopes: ["api:read"] };
async function signedIn(provider: FakeProvider, over: Over) {
  const client = provider.confidential(over);
  const result: AuthenticationResult = await redeem(client);
  return { client, account: accountOf(result) };
}

/** A row of the table: the flow half is in `flow-faults.test.ts`. */
export const flows: Readonly<Record<string, Flow>> = {
  "the discovery document": {
    endpoint: "discovery",
    repeats: "always",
    prepare: async (provider, over) => {
      const client = await app(provider, over);
      return () => client.acquireTokenByClientCredential(appToken);
    },
  },
  "the keys": {
    endpoint: "keys",
    repeats: "always",
    prepare: async (provider, over) => {
      const client = await app(provider, over);
      return () => redeem(client);
    },
  },
  "client credentials": {
    endpoint: "token",
    repeats: "always",
    prepare: async (provider, over) => {
      const client = await app(provider, over);
      return () => client.acquireTokenByClientCredential(appToken);
    },
  },
  "on behalf of a user": {
    endpoint: "token",
    repeats: "always",
    prepare: async (provider, over) => {
      const client = await app(provider, over);
      return () =>
        client.acquireTokenOnBehalfOf({ scopes: ["api:read"], oboAssertion: "a-token-of-the-user" });
    },
  },
  "a refresh token": {
    endpoint: "token",
    repeats: "unprocessed",
    prepare: async (provider, over) => {
      const { client, account } = await signedIn(provider, over);
      return () => client.acquireTokenSilent({ scopes, account, forceRefresh: true });
    },
  },
  "an authorization code": {
    endpoint: "token",
    repeats: "never",
    prepare: async (provider, over) => {
      const client = await app(provider, over);
      await client.acquireTokenByClientCredential({ scopes: ["api:write"] });
      return () => redeem(client);
    },
  },
};
