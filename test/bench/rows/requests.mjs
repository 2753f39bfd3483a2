// App tokens that leave: 64 calls at once over TLS with connections that stay open, to a server in a process of its own. What
// is measured is the processor time of this side, beside undici's own `request` with the same form.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { clientId, metadataOf } from "../fixtures.mjs";
import { median, processorWatch } from "../measure.mjs";
import { share } from "../table.mjs";

const AT_ONCE = 64;
const WARM_UP = 4096;

export async function run({ tessera, quick }) {
  const server = fork(fileURLToPath(new URL("../token-server.mjs", import.meta.url)), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  try {
    const [{ origin, ca }] = await once(server, "message");
    const auth = {
      clientId,
      clientSecret: "a-secret-of-the-benchmark",
      oidcAuthority: origin,
      authorityMetadata: metadataOf(origin),
    };
    const app = new tessera.ConfidentialClientApplication({ auth, system: { ca } });
    const dispatcher = new Agent({ connect: { ca } });
    const body = new URLSearchParams({
      client_id: clientId,
      client_secret: auth.clientSecret,
      grant_type: "client_credentials",
      scope: "https://api0.example/.default",
    }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded;charset=utf-8" };
    const contenders = {
      tessera: (i) =>
        app.acquireTokenByClientCredential({
          scopes: [`https://api${i % AT_ONCE}.example/.default`],
          skipCache: true,
        }),
      undici: async () => {
        const answer = await request(`${origin}/token`, { method: "POST", headers, body, dispatcher });
        return answer.body.json();
      },
    };
    const times = { tessera: [], undici: [] };
    const calls = quick ? 1024 : 4096;
    // The first round lets V8 compile what a server soon runs compiled.
    for (let round = -1; round < (quick ? 5 : 9); round += 1) {
      for (const [name, call] of Object.entries(contenders)) {
        globalThis.gc();
        const passed = processorWatch();
        for (let first = 0; first < (round < 0 ? WARM_UP : calls); first += AT_ONCE)
          await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => call(first + index)));
        if (round >= 0) times[name].push(passed() / calls);
      }
    }
    await dispatcher.close();
    return [
      share("a request that leaves, 64 at once", {
        tessera: median(times.tessera),
        other: median(times.undici),
        against: "undici's request",
        wanted: { most: 2 },
      }),
    ];
  } finally {
    server.kill();
  }
}
