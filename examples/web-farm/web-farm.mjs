// @ts-check
// A website in four processes behind a balancer. They share one Redis, so a user who signs in at one is known to all.
//
//   node web-farm.mjs               starts everything on this machine, shows it, and goes on until Ctrl+C
//   node web-farm.mjs --once        the same, and stops when it has shown it
//
//   REDIS_URL=redis://… node web-farm.mjs       uses a Redis or Valkey that runs already
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startLocalAuthority } from "@tessera/local-authority";
import { pretendUser } from "../desktop-cli/pretend-user.mjs";
import { startBalancer } from "./balancer.mjs";
import { startRedis } from "./start-redis.mjs";

const PROCESSES = 4;

const redis = process.env.REDIS_URL
  ? { url: process.env.REDIS_URL, stop: async () => {} }
  : await startRedis();
// Plain HTTP, because a browser would warn of a certificate that it does not know.
const authority = await startLocalAuthority({ http: true });
const [tenant] = authority.config.tenants;
const web = tenant?.apps.find(({ name }) => name.endsWith("Web"));
const [user] = tenant?.users ?? [];
if (!web || !user) throw new Error("the local authority has no app or no user to try");

const keys = {
  name: randomBytes(32).toString("base64"),
  token: randomBytes(32).toString("base64"),
  session: randomBytes(32).toString("base64"),
};
const balancer = await startBalancer(Number(process.env.PORT ?? 0));
const processes = await Promise.all(Array.from({ length: PROCESSES }, startProcess));
console.log(`${PROCESSES} processes behind ${balancer.origin}, with ${redis.url}\n`);

await show();
if (process.argv.includes("--once")) await stop();
else {
  console.log(`\nopen ${balancer.origin} and sign in as ${user.username} with the password ${user.password}`);
  process.once("SIGINT", stop);
}

/** A user signs in, looks around, and signs out; every request reaches another process. */
async function show() {
  const browser = { cookies: new Map(), origin: balancer.origin };
  const visitor = { username: user?.username ?? "", password: user?.password ?? "" };
  console.log(
    `signs in:   ${textOf(await pretendUser(`${balancer.origin}/auth/sign-in`, visitor, browser))}`,
  );
  for (let visit = 0; visit < PROCESSES; visit += 1)
    console.log(`comes back: ${textOf(await pretendUser(balancer.origin, visitor, browser))}`);
  const tokens = authority.requests.filter(({ endpoint }) => endpoint === "token").length;
  console.log(`token requests of all processes: ${tokens}`);

  await fetch(`${balancer.origin}/auth/sign-out`, {
    method: "POST",
    redirect: "manual",
    headers: {
      origin: balancer.origin,
      cookie: [...browser.cookies].map((pair) => pair.join("=")).join("; "),
    },
  });
  console.log("signs out");
  for (let visit = 0; visit < PROCESSES; visit += 1)
    console.log(`comes back: ${textOf(await pretendUser(balancer.origin, visitor, browser))}`);
}

/**
 * Starts one process of the website. The keys come from the environment, as they would from a key vault.
 *
 * @param {unknown} _
 * @param {number} index
 */
async function startProcess(_, index) {
  const child = fork(fileURLToPath(new URL("site.mjs", import.meta.url)), {
    env: {
      ...process.env,
      PROCESS: String(index + 1),
      ORIGIN: balancer.origin,
      REDIS_URL: redis.url,
      AUTHORITY: authority.authorityUrl(),
      CLIENT_ID: web?.clientId ?? "",
      CLIENT_SECRET: web?.clientSecret ?? "",
      NAME_KEY: keys.name,
      TOKEN_KEY: keys.token,
      SESSION_SECRET: keys.session,
    },
  });
  const [port] = await once(child, "message");
  balancer.targets.push(Number(port));
  return child;
}

async function stop() {
  for (const child of processes) child.disconnect();
  await Promise.all(processes.map((child) => once(child, "exit")));
  await balancer.close();
  await authority.close();
  await redis.stop();
}

/** @param {string} html */
function textOf(html) {
  const [, main = ""] = html.split(/<main>|<form/);
  return main
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}
