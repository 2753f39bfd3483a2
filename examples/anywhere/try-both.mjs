// @ts-check
// Runs anywhere.mjs twice, each time with the environment of another place, against a local authority.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startLocalAuthority } from "@tessera/local-authority";

const folder = await mkdtemp(join(tmpdir(), "tessera-anywhere-"));
const caFile = join(folder, "ca.pem");
const authority = await startLocalAuthority({ caFile });
try {
  const [tenant] = authority.config.tenants;
  const daemon = tenant?.apps.find(({ name }) => name.endsWith("Daemon"));
  await run("on a laptop, with a secret", {
    AZURE_AUTHORITY_HOST: authority.url,
    AZURE_TENANT_ID: tenant?.id ?? "",
    AZURE_CLIENT_ID: daemon?.clientId ?? "",
    AZURE_CLIENT_SECRET: daemon?.clientSecret ?? "",
    NODE_EXTRA_CA_CERTS: caFile,
  });

  // `npx @tessera/local-authority --emulate app-service` prints the same variables.
  const host = await authority.emulate("app-service");
  await run("on an emulated Azure host, with its managed identity", host.environment);
} finally {
  await authority.close();
  await rm(folder, { recursive: true });
}

/**
 * @param {string} place
 * @param {Readonly<Record<string, string>>} environment
 */
async function run(place, environment) {
  console.log(`anywhere.mjs ${place}:`);
  // No proxy is in between, and the identities of this machine stay out of it.
  const others = Object.entries(process.env).filter(([name]) => !/^(AZURE|IDENTITY|MSI)_/.test(name));
  const env = { ...Object.fromEntries(others), NO_PROXY: "localhost,127.0.0.1", ...environment };
  const program = fileURLToPath(new URL("anywhere.mjs", import.meta.url));
  const child = spawn(process.execPath, [program], { env, stdio: "inherit" });
  const [status] = await once(child, "close");
  if (status !== 0) process.exitCode = 1;
}
