import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";
import type { Context } from "../context.js";
import { codeOf, explain } from "../errors.js";
import { dataFolder } from "../profiles/data-folder.js";
import type { Profile } from "../profiles/profile.js";
import { providerUrl } from "../profiles/provider.js";
import { storeName } from "../profiles/store.js";
import { controllingTerminal } from "../terminal/terminal.js";
import { openSession } from "../tokens/session.js";

/** What was found. */
export interface Finding {
  readonly state: "good" | "note" | "problem";
  readonly what: string;
  readonly text: string;
}

/** Variables whose values hold no secret. */
const SHOWN = [
  "TESSERA_STORE",
  "TESSERA_PROFILE",
  "TESSERA_PASSPHRASE_FILE",
  "NODE_EXTRA_CA_CERTS",
  "BROWSER",
  "TERM",
];

/** Variables that are only said to be set: their values are, or may hold, secrets. */
const HIDDEN = [
  "AZURE_CLIENT_ID",
  "AZURE_TENANT_ID",
  "AZURE_CLIENT_SECRET",
  "AZURE_CLIENT_CERTIFICATE_PATH",
  "AZURE_FEDERATED_TOKEN_FILE",
  "IDENTITY_ENDPOINT",
  "MSI_ENDPOINT",
  "KUBERNETES_EXEC_INFO",
];

const PROXIES = [
  "HTTPS_PROXY",
  "https_proxy",
  "HTTP_PROXY",
  "http_proxy",
  "ALL_PROXY",
  "all_proxy",
  "NO_PROXY",
  "no_proxy",
];

/** Looks at the machine. */
export async function systemChecks(): Promise<readonly Finding[]> {
  const { env } = process;
  const screen = await controllingTerminal(true);
  screen?.stream.destroy();
  return [
    {
      state: "good",
      what: "versions",
      text: `tessera ${version}, Node.js ${process.version}, ${process.platform} ${process.arch}`,
    },
    { state: "good", what: "folder", text: dataFolder() },
    ...SHOWN.flatMap((name): readonly Finding[] =>
      env[name] ? [{ state: "note", what: name, text: env[name] ?? "" }] : [],
    ),
    ...HIDDEN.flatMap((name): readonly Finding[] =>
      env[name] ? [{ state: "note", what: name, text: "(set)" }] : [],
    ),
    ...PROXIES.flatMap((name): readonly Finding[] => proxyFinding(name, env[name])),
    ...certificateFindings(env["NODE_EXTRA_CA_CERTS"]),
    screen
      ? { state: "good", what: "terminal", text: "there is one: a sign-in can be asked for" }
      : { state: "note", what: "terminal", text: "there is none: a sign-in is not asked for (exit code 3)" },
    await keychainFinding(),
  ];
}

/** A proxy's URL may hold a password. */
function proxyFinding(name: string, value: string | undefined): readonly Finding[] {
  if (!value) return [];
  if (/no_proxy/i.test(name)) return [{ state: "note", what: name, text: value }];
  try {
    const url = new URL(/^\w+:\/\//.test(value) ? value : `http://${value}`);
    const login = url.username ? " (with a login)" : "";
    return [{ state: "note", what: name, text: `${url.protocol}//${url.host}${login}` }];
  } catch {
    return [{ state: "problem", what: name, text: "its value is not a URL: write http://host:port" }];
  }
}

function certificateFindings(file: string | undefined): readonly Finding[] {
  if (!file) return [];
  try {
    const count = readFileSync(file, "utf8").split("-----BEGIN CERTIFICATE-----").length - 1;
    if (count > 0) return [{ state: "good", what: "certificates", text: `${count} in NODE_EXTRA_CA_CERTS` }];
    return [{ state: "problem", what: "certificates", text: `${file} has no PEM certificate in it` }];
  } catch (error) {
    return [{ state: "problem", what: "certificates", text: `${file} cannot be read (${codeOf(error)})` }];
  }
}

/** Uses the keychain with a folder of its own, of which nothing is kept. */
async function keychainFinding(): Promise<Finding> {
  const directory = await mkdtemp(join(tmpdir(), "tessera-doctor-"));
  try {
    await createPersistentCache({ appName: "tessera-doctor", directory });
    return { state: "good", what: "keychain", text: "works" };
  } catch (error) {
    return { state: "note", what: "keychain", text: explain(error) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Looks at what a profile has. */
export async function accountChecks(profile: Profile, context: Context): Promise<readonly Finding[]> {
  const { clientId, provider, scopes, identity, bindings, ca } = profile;
  const store = storeName(context.given.text("store")) ?? profile.store;
  const facts: Finding[] = [
    {
      state: "good",
      what: "configuration",
      text: `${providerUrl(provider)}, client ${clientId}, store ${store}, ${identity.kind}`,
    },
    { state: "good", what: "scopes", text: scopes.join(" ") || "none" },
    { state: "good", what: "bound to", text: bindings.map(({ host }) => host).join(", ") || "no host" },
  ];
  if (ca !== undefined && !existsSync(ca))
    facts.push({ state: "problem", what: "certificates", text: `${ca} does not exist` });
  if (identity.kind === "secret" && !process.env[identity.variable])
    facts.push({ state: "problem", what: "secret", text: `${identity.variable} is not set` });
  if (identity.kind !== "user") return facts;
  try {
    const { app } = await openSession(profile, context);
    const { length } = await app.getAllAccounts();
    const text = length === 0 ? "nobody is signed in" : `${length} signed in`;
    return [...facts, { state: length === 0 ? "note" : "good", what: "store", text: `opens; ${text}` }];
  } catch (error) {
    return [...facts, { state: "problem", what: "store", text: explain(error) }];
  }
}
