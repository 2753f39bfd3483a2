// One app that has a token for each of many resources: what it takes to renew one of them. The network answers at once, from
// memory, and nothing is taken from the cache.
import { configuration, jwt, noNetwork } from "../fixtures.mjs";
import { measure, processorWatch } from "../measure.mjs";
import { share } from "../table.mjs";

const FEW = 10;
const MANY = 2500;

export async function run({ tessera, seconds }) {
  const renewing = async (count) => {
    const scopes = Array.from({ length: count }, (_, index) => [`https://api${index}.example/.default`]);
    const body = { token_type: "Bearer", expires_in: 3599, access_token: jwt("written", 900) };
    const app = new tessera.ConfidentialClientApplication(
      configuration({
        ...noNetwork,
        sendPostRequestAsync: async () => ({ status: 200, headers: {}, body }),
      }),
    );
    const renew = (i) =>
      app.acquireTokenByClientCredential({ scopes: scopes[(i * 7) % count], skipCache: true });
    for (let index = 0; index < count; index += 1) await renew(index);
    return renew;
  };
  const few = await renewing(FEW);
  const many = await renewing(MANY);
  const found = await measure({ few, many }, { seconds, watch: processorWatch });
  return [
    share("request and write, one of 2,500 tokens of an app", {
      tessera: found.many.median,
      other: found.few.median,
      against: "its own, one of 10",
      wanted: { most: 1.5 },
    }),
  ];
}
