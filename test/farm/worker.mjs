// One process of a web farm: a website and an API behind it, which share one store. It does what its parent says.
//
//   fork("worker.mjs"), then { call: "connect", redis, store, web, api }
import { ConfidentialClientApplication } from "@tessera/node";
import { createRedisStore } from "@tessera/redis";
import { connect } from "./connect.mjs";

const scopes = ["Orders.Read"];
const redirectUri = "https://shop.example/signed-in";
/** However busy the machine is. */
const timeoutMs = 300_000;
const warnings = [];
let now;
/** Where the next token request waits before its credential is made, if the parent wants that. */
let pause;
let web;
let api;
let store;
let disconnect;

const warn = (text) => warnings.push(text);
const logger = { error: warn, warning: warn, info: () => undefined };
const system = {
  proxy: false,
  clock: { now: () => now ?? Date.now() },
  loggerOptions: { logLevel: 1, loggerCallback: (_, text) => warnings.push(text) },
};
const application = (auth) => {
  const clientAssertion = async () => {
    await pause?.();
    return "assertion of the client";
  };
  return new ConfidentialClientApplication({ auth: { ...auth, clientAssertion }, cache: { store }, system });
};

const calls = {
  /** Begins anew, like a process that has just been started. */
  async connect({ redis, store: options, web: webAuth, api: apiAuth }) {
    await end();
    const connected = await connect(redis);
    disconnect = connected.disconnect;
    store = createRedisStore({ ...options, client: connected.client, logger });
    web = application(webAuth);
    api = application(apiAuth);
    warnings.length = 0;
    return "connected";
  },
  async signIn({ code }) {
    return (await web.acquireTokenByCode({ code, scopes, redirectUri, timeoutMs })).accessToken;
  },
  async silent({ id, forceRefresh }) {
    const account = await web.getAccountByHomeId(id);
    if (!account) return "signed out";
    return (await web.acquireTokenSilent({ account, scopes, forceRefresh, timeoutMs })).accessToken;
  },
  async onBehalfOf({ assertion }) {
    return (await api.acquireTokenOnBehalfOf({ oboAssertion: assertion, scopes, timeoutMs })).accessToken;
  },
  async signOut({ id }) {
    const account = await web.getAccountByHomeId(id);
    if (account) await web.signOut({ account });
    return "signed out";
  },
  /** The home account IDs of all users. */
  async users() {
    return (await web.getAllAccounts()).map(({ homeAccountId }) => homeAccountId);
  },
  /** `unsaved`: what the applications have still to store, which they do with a call. */
  async stats() {
    const caches = [web, api].map((app) => app.getTokenCache());
    for (const cache of caches) await cache.getAccountByHomeId("nobody");
    return { ...store.stats(), unsaved: caches.reduce((sum, cache) => sum + cache.stats().unsaved, 0) };
  },
  warnings: () => warnings.splice(0),
};

async function end() {
  await store?.close();
  await disconnect?.();
}

/** What came of a call: its value, or `!` and the code of its error. */
async function outcomeOf({ call, ...parameters }) {
  try {
    return await calls[call](parameters);
  } catch (error) {
    return `!${error.errorCode ?? error.stack}${causesOf(error)}`;
  }
}

/** What is beneath an error of the network or of a program: the class, code, host and text of each cause. */
function causesOf(error) {
  const causes = [];
  for (let cause = error.cause; cause && causes.length < 5; cause = cause.cause ?? cause.errors?.[0])
    // An error of a call that others share has the original as its cause.
    if (!cause.errorCode)
      causes.push(
        [cause.name, cause.code, cause.host ?? cause.address, cause.message].filter(Boolean).join(" "),
      );
  return causes.length > 0 ? ` because of ${causes.join("; because of ")}` : "";
}

/** Makes calls in order, so many at once. */
async function makeAll(all, atOnce) {
  const outcomes = new Array(all.length);
  let next = 0;
  const lane = async () => {
    while (next < all.length) {
      const index = next++;
      outcomes[index] = await outcomeOf(all[index]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return outcomes;
}

process.on("message", async ({ id, at, all, atOnce, pauses }) => {
  now = at ?? now;
  if (pauses) pause = () => stop(id);
  const outcomes = await makeAll(all, atOnce);
  process.send({ id, outcomes });
});

/** Says that a token request is about to be made, and stands still until the parent wakes the process. */
async function stop(id) {
  pause = undefined;
  await new Promise((resolve) => process.send({ id, stopped: true }, resolve));
  process.kill(process.pid, "SIGSTOP");
}
process.on("disconnect", end);
process.send({ ready: true });
