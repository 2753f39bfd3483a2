// A bound token provider, as a client of an API asks it with each request, beside what AWS's clients keep an identity with.
import { memoizeIdentityProvider } from "@smithy/core";
import { account, appCache, appScopes, configuration, scopes, userCache } from "../fixtures.mjs";
import { measure } from "../measure.mjs";
import { share } from "../table.mjs";

const HALF_A_MICROSECOND = 500;

export async function run({ tessera, seconds }) {
  const app = new tessera.ConfidentialClientApplication(configuration());
  for (const cache of [appCache(1), userCache(1)]) app.getTokenCache().deserialize(cache);
  const forApp = tessera.createTokenProvider(app, { scopes: appScopes });
  const forUser = tessera.createTokenProvider(app, { scopes, account: account(0) });
  const found = await measure({ forApp, forUser, kept: keptIdentity() }, { seconds });
  const name = "cached token of a token provider";
  const beside = { other: found.kept.median, against: "AWS's memoized identity", wanted: { most: 3 } };
  return [
    share(name, {
      tessera: found.forApp.median,
      other: HALF_A_MICROSECOND,
      against: "half a microsecond",
      wanted: { most: 1 },
    }),
    share("  of an application", { tessera: found.forApp.median, ...beside }),
    share("  of a user", { tessera: found.forUser.median, ...beside }),
  ];
}

/** An identity that expires in an hour, with AWS's own checks. */
function keptIdentity() {
  const identity = { token: "a token of the benchmark", expiration: new Date(Date.now() + 3_600_000) };
  return memoizeIdentityProvider(
    async () => identity,
    ({ expiration }) => expiration !== undefined && expiration.getTime() - Date.now() < 300_000,
    ({ expiration }) => expiration !== undefined,
  );
}
