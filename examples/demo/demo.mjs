// @ts-check
// The demo. Two identity providers start in this process; a daemon and a user get tokens from both, with the same code.
//
//   npm start                  fills in the sign-in forms itself
//   npm start -- --browser     lets you sign in, in your browser
import { ConfidentialClientApplication, PublicClientApplication } from "@tessera/node";
import { startEntra } from "./local-authority.mjs";
import { startOpenIdProvider } from "./openid-provider.mjs";
import { createReport, StepFailure } from "./report.mjs";
import { createFormFiller, createRealBrowser } from "./sign-in.mjs";

/**
 * An identity provider, with what its apps and its user need to be known.
 *
 * @typedef {object} Provider
 * @property {string} name
 * @property {string} url
 * @property {string} [ca] certificate to trust, as PEM
 * @property {{ auth: Auth, scopes: string[], otherScopes: string[] }} daemon an app with a secret
 * @property {{ auth: Auth, scopes: string[], prompt?: string }} desktop an app without
 * @property {{ readonly username: string, readonly password: string }} user
 * @property {readonly string[]} requests what it was asked by the library so far: discovery, token, keys
 * @property {(seconds: number) => void} advanceClock
 * @property {() => Promise<void>} close
 */
/** @typedef {import("@tessera/node").Configuration["auth"]} Auth */
/** @typedef {ReturnType<typeof createReport>} Report */

const HOUR = 3600;

/** The clock of all apps: the machine's, until it is moved. */
const clock = { ahead: 0, now: () => Date.now() + clock.ahead * 1000 };

/**
 * A daemon acts in its own name: one call, whether the token comes from the provider or from the cache.
 *
 * @param {Provider} provider
 * @param {Report} report
 */
async function daemon(provider, report) {
  const { auth, scopes, otherScopes } = provider.daemon;
  const app = new ConfidentialClientApplication({ auth, system: systemOptions(provider) });

  const token = await report.step(
    "first call",
    provider,
    { fromCache: false, "token requests": 1 },
    async () => {
      const { accessToken, fromCache, expiresOn } = await app.acquireTokenByClientCredential({ scopes });
      return {
        says: `a token, good for ${minutesUntil(expiresOn)} minutes`,
        facts: { fromCache },
        value: accessToken,
      };
    },
  );

  await report.step(
    "same call again",
    provider,
    { fromCache: true, "same token": true, "token requests": 0 },
    async () => {
      const { accessToken, fromCache } = await app.acquireTokenByClientCredential({ scopes });
      return {
        says: "the same token, from the cache",
        facts: { fromCache, "same token": accessToken === token },
      };
    },
  );

  await report.step(
    "100 calls at once",
    provider,
    { results: 100, tokens: 1, "token requests": 1 },
    async () => {
      const calls = Array.from({ length: 100 }, () =>
        app.acquireTokenByClientCredential({ scopes: otherScopes }),
      );
      const results = await Promise.all(calls);
      const tokens = new Set(results.map(({ accessToken }) => accessToken)).size;
      return {
        says: "for another API: 100 results, one request",
        facts: { results: results.length, tokens },
      };
    },
  );
}

/**
 * A user signs in once; from then on the app gets tokens silently, also after the first one has expired.
 *
 * @param {Provider} provider
 * @param {Report} report
 * @param {import("./sign-in.mjs").Visitor} visitor
 */
async function user(provider, report, visitor) {
  const { auth, scopes, prompt } = provider.desktop;
  const app = new PublicClientApplication({ auth, system: systemOptions(provider) });

  const signedIn = await report.step(
    "sign-in",
    provider,
    { fromCache: false, "token requests": 1 },
    async () => {
      // Made here, kept in the flow, and checked when the answer comes: state, nonce, PKCE.
      const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: visitor.redirectUri, prompt });
      const answer = await visitor.signIn(flow.authUrl, provider);
      const result = await app.acquireTokenByAuthCodeFlow(flow, Object.fromEntries(answer));
      return {
        says: `${result.account?.username} has signed in`,
        facts: { fromCache: result.fromCache },
        value: result,
      };
    },
  );

  const { account, accessToken: firstToken } = signedIn;
  if (!account) throw new StepFailure("sign-in", "an account", "none");

  await report.step(
    "silent",
    provider,
    { fromCache: true, "same token": true, "token requests": 0 },
    async () => {
      const { fromCache, accessToken } = await app.acquireTokenSilent({ account, scopes });
      return {
        says: "the same token, from the cache",
        facts: { fromCache, "same token": accessToken === firstToken },
      };
    },
  );

  clock.ahead += HOUR;
  provider.advanceClock(HOUR);

  const expected = { fromCache: false, "same token": false, "same user": true, "token requests": 1 };
  await report.step("silent, an hour later", provider, expected, async () => {
    const result = await app.acquireTokenSilent({ account, scopes });
    const facts = {
      fromCache: result.fromCache,
      "same token": result.accessToken === firstToken,
      "same user": result.account?.homeAccountId === account.homeAccountId,
    };
    return { says: "it had expired: renewed, and nobody was asked", facts };
  });
}

/**
 * Both ends run on this machine: no proxy is wanted between them.
 *
 * @param {Provider} provider
 */
function systemOptions({ ca }) {
  return { clock, proxy: /** @type {const} */ (false), ...(ca ? { ca } : {}) };
}

/** @param {Date | null} time */
function minutesUntil(time) {
  return Math.round(((time?.getTime() ?? 0) - clock.now()) / 60_000);
}

/** @param {readonly string[]} args */
async function main(args) {
  const unknown = args.find((arg) => arg !== "--browser");
  if (unknown) throw new Error(`unknown option ${unknown}: the only one is --browser`);
  const inBrowser = args.includes("--browser");
  const start = performance.now();
  const report = createReport(console.log);

  const visitor = inBrowser ? await createRealBrowser() : createFormFiller();
  /** @type {Provider[]} */
  const running = [];
  try {
    console.log("Tessera demo: tokens from two identity providers that run in this process");
    const entra = await startEntra({ http: inBrowser });
    running.push(entra);
    report.part(`1. A daemon, and the ${entra.name} (${entra.url})`);
    await daemon(entra, report);
    report.part(`2. A user, and the ${entra.name} (${entra.url})`);
    await user(entra, report, visitor);

    const openid = await startOpenIdProvider();
    running.push(openid);
    report.part(`3. The same code, and ${openid.name} (${openid.url})`);
    await daemon(openid, report);
    await user(openid, report, visitor);
  } finally {
    await Promise.all([visitor, ...running].map((part) => part.close()));
  }
  console.log(`\nAll steps did what they should, in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
