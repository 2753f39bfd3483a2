// node --expose-gc heap-child.mjs LIBRARY: prints the bytes that each of 1,000 accounts takes in its token cache.
import { account, configuration, scopes, userCache } from "./fixtures.mjs";

const COUNT = 1000;

const { ConfidentialClientApplication } = await import(process.argv[2]);
const app = new ConfidentialClientApplication(configuration());
// Whatever a library makes once, for its first account, is no cost of an account.
await load(1);
const before = await heap();
await load(COUNT);
const loaded = await heap();
for (let index = 0; index < COUNT; index += 1)
  await app.acquireTokenSilent({ account: account(index), scopes });
const used = await heap();
console.log(JSON.stringify({ loaded: (loaded - before) / COUNT, used: (used - before) / COUNT }));

async function load(count) {
  app.getTokenCache().deserialize(userCache(count));
  await app.acquireTokenSilent({ account: account(0), scopes });
}

async function heap() {
  for (let i = 0; i < 4; i += 1) {
    await new Promise((done) => setTimeout(done, 10));
    globalThis.gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
