// @ts-check
// A website and its API on Next.js: sign-in, a token for the API, which asks another one on behalf of the user, sign-out.
//
//   node next-app.mjs               in development, against a local authority that it starts itself; prints who can sign in
//   node next-app.mjs --built       the same with what `npm run build` has built
//
// The website is in app/, proxy.js and site.mjs. This program is only what it finds around it, and is not needed where its
// environment is set: BASE_URL, SESSION_SECRETS, AUTHORITY, SITE_ID, SITE_SECRET, API_ID, API_SECRET, PAYMENTS_URL, VAULT_URL.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createRequire } from "node:module";
import { startLocalAuthority } from "@tessera/local-authority";
import { authorityOptions, startDownstream } from "../web-frameworks/around.mjs";
import { environmentOf } from "./environment.mjs";

const port = process.env.PORT ?? "3000";
const baseUrl = `http://localhost:${port}`;
// Plain HTTP, because a browser would warn of a certificate that it does not know.
const authority = await startLocalAuthority({ http: true, ...authorityOptions });
const { downstream, close } = await startDownstream(authority.authorityUrl(), { proxy: false });

const [alice] = authority.config.tenants[0]?.users ?? [];
console.log(`open ${baseUrl} and sign in as ${alice?.username} with the password ${alice?.password}`);
const environment = environmentOf(authority, {
  baseUrl,
  downstream,
  secrets: [randomBytes(32).toString("hex")],
});
const next = createRequire(import.meta.url).resolve("next/dist/bin/next");
const command = process.argv.includes("--built") ? "start" : "dev";
const server = spawn(process.execPath, [next, command, "--hostname", "localhost", "--port", port], {
  cwd: import.meta.dirname,
  env: { ...process.env, ...environment },
  stdio: "inherit",
});
process.once("SIGINT", () => server.kill());
process.once("SIGTERM", () => server.kill());
await once(server, "exit");
await Promise.all([close(), authority.close()]);
