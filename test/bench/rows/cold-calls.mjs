// A server that starts under load: many callers want the same token before the first one has it.
import { appScopes, configuration, countingNetwork } from "../fixtures.mjs";
import { faster } from "../table.mjs";

const CALLS = 100;

export async function run({ tessera, peer }) {
  const requestsOf = async ({ ConfidentialClientApplication }) => {
    const network = countingNetwork();
    const app = new ConfidentialClientApplication(configuration(network));
    const calls = Array.from({ length: CALLS }, () =>
      app.acquireTokenByClientCredential({ scopes: appScopes }),
    );
    await Promise.all(calls);
    return network.tokenRequests;
  };
  return [
    faster(`token requests of ${CALLS} cold calls at once`, {
      tessera: await requestsOf(tessera),
      other: await requestsOf(peer),
      show: String,
      wanted: { least: CALLS },
    }),
  ];
}
