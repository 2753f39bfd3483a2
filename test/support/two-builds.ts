import { spawnSync } from "node:child_process";
import { root } from "../packages/workspace.js";

/**
 * Runs a program in which both builds are loaded, as they are built: `esm` and `cjs` are the two `@tessera/node`. It prints
 * what it returns.
 *
 * @param body statements of an async function; `network(answer)` makes a network client, `plugin()` a slow cache plugin
 */
export function inOneProcess(body: string): unknown {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      `${PRELUDE}\nconsole.log(JSON.stringify(await (async () => {${body}})()));`,
    ],
    { cwd: root, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr || stdout);
  return JSON.parse(stdout);
}

const PRELUDE = `
import { createRequire } from "node:module";
import { setTimeout as delay } from "node:timers/promises";
import * as esm from "@tessera/node";
const cjs = createRequire(process.cwd() + "/package.json")("@tessera/node");
if (esm.TokenCache === cjs.TokenCache) throw new Error("there is one build only");

const tenant = "20000000-0000-4000-8000-00000000c0de";
const clientId = "30000000-0000-4000-8000-00000000ca11";
const auth = { clientId, authority: "https://login.microsoftonline.com/" + tenant, clientSecret: "a-secret" };
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An Entra whose refresh tokens work once. */
function network() {
  const used = new Set();
  const requests = [];
  let count = 0;
  const sendPostRequestAsync = async (url, { body }) => {
    const form = Object.fromEntries(new URLSearchParams(body));
    requests.push(form);
    await delay(5);
    const { refresh_token: refreshToken, code } = form;
    if (refreshToken && used.has(refreshToken)) {
      return { status: 400, headers: {}, body: { error: "invalid_grant", error_description: "used" } };
    }
    used.add(refreshToken);
    count += 1;
    const uid = code ?? refreshToken?.split(".")[0];
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: auth.authority + "/v2.0", aud: clientId, sub: uid, oid: uid, tid: tenant, iat: now, exp: now + 3600,
    };
    const user = uid === undefined ? {} : {
      id_token: [encoded({ alg: "RS256" }), encoded(claims), "c2ln"].join("."),
      client_info: encoded({ uid, utid: tenant }),
      refresh_token: uid + "." + count,
    };
    const tokens = { access_token: "token-" + count, token_type: "Bearer", expires_in: 3600, scope: form.scope };
    return { status: 200, headers: {}, body: { ...tokens, ...user } };
  };
  return { requests, sendPostRequestAsync, sendGetRequestAsync: sendPostRequestAsync };
}

/** A plugin that takes its time, as a file or a server does. */
function plugin() {
  const stored = { text: "" };
  return {
    stored,
    beforeCacheAccess: async (context) => {
      const { text } = stored;
      await delay(5);
      context.tokenCache.deserialize(text);
    },
    afterCacheAccess: async (context) => {
      if (!context.cacheHasChanged) return;
      const text = context.tokenCache.serialize();
      await delay(5);
      stored.text = text;
    },
  };
}

const make = (build, networkClient, cache) =>
  new build.ConfidentialClientApplication({ auth, cache, system: { networkClient } });
const signIn = (app, code) => app.acquireTokenByCode({ scopes: ["one"], code, redirectUri: "http://localhost" });
`;
