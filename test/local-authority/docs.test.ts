// The guide and the README tell the truth: their programs run, and nothing is left out.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import * as localAuthority from "@tessera/local-authority";
import { ConfidentialClientApplication, PublicClientApplication } from "@tessera/node";
import { exportJWK, generateKeyPair } from "jose";
import { readFileSync } from "node:fs";
import { Agent } from "undici";
import { makeCertificate } from "../support/certificates.js";
import { interactiveUser } from "../support/interactive-user.js";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const guide = [
  "local-authority",
  "local-authority-options",
  "local-authority-protocol",
  "local-authority-errors",
  "console",
]
  .map((page) => read(`docs/${page}.md`))
  .join("\n");
const emulator = read("docs/emulator.md");
const readme = read("packages/local-authority/README.md");

type Start = typeof localAuthority.startLocalAuthority;
const started: localAuthority.LocalAuthority[] = [];
const startLocalAuthority: Start = async (options) => {
  const authority = await localAuthority.startLocalAuthority(options);
  started.push(authority);
  return authority;
};
afterEach(() => Promise.all(started.splice(0).map((authority) => authority.close())));

const programs = (text: string): readonly string[] =>
  [...text.matchAll(/^```(?:ts|js)\n(.*?)^```/gms)].map(([, program = ""]) => program);

/** Runs a program with the names that it takes as given. */
async function run(program: string, names: Readonly<Record<string, unknown>>): Promise<void> {
  const body = program.replace(/^import .*$/gm, "");
  const AsyncFunction = (async () => undefined).constructor as new (
    ...text: string[]
  ) => (...values: unknown[]) => Promise<void>;
  // A program may say for itself what others take as given.
  const given = Object.entries(names).filter(([name]) => !new RegExp(`const \\[?${name}\\b`).test(body));
  await new AsyncFunction(...given.map(([name]) => name), body)(...given.map(([, value]) => value));
}

describe("the programs run", () => {
  const certificate = makeCertificate({ subject: "app.contoso.example" });
  let names: Readonly<Record<string, unknown>>;
  let authority: localAuthority.LocalAuthority;
  beforeAll(async () => {
    authority = await localAuthority.startLocalAuthority();
    const { publicKey } = await generateKeyPair("RS256");
    names = {
      ...localAuthority,
      startLocalAuthority,
      ConfidentialClientApplication,
      PublicClientApplication,
      Agent,
      authority,
      caPem: certificate.certificatePem,
      jwks: { keys: [await exportJWK(publicKey)] },
      readFile: async () => certificate.certificatePem,
      open: interactiveUser({
        username: "alice@contoso.example",
        password: "alice-password",
        ca: authority.caPem,
      }).openBrowser,
    };
  });
  afterAll(() => authority.close());

  it.each(
    [...programs(guide), ...programs(emulator), ...programs(readme)].map(
      (program, i) => [i + 1, program] as const,
    ),
  )("program %i", async (_, program) => {
    await expect(run(program, names)).resolves.toBeUndefined();
  });
});

/** The names in the first column of all tables. */
const documented = new Set(
  [...`${guide}\n${emulator}`.matchAll(/^\| ([^|]*)\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  ),
);

/** What the refusal of a field that is not there lists as known. */
async function fieldsOf(wrong: (field: object) => object): Promise<readonly string[]> {
  const error: unknown = await localAuthority
    .startLocalAuthority(wrong({ nonsense: 1 }))
    .catch((e: unknown) => e);
  const { message } = error as Error;
  return /known fields: (.*)$/.exec(message)?.[1]?.split(", ") ?? [];
}

describe("the guide names every", () => {
  const tenant = (part: object) => ({ tenants: [{ domain: "contoso.example", ...part }] });
  it.each<[string, (field: object) => object]>([
    ["option", (field) => field],
    ["field of an app", (field) => tenant({ apps: [field] })],
    ["field of a policy", (field) => ({ conditionalAccess: [field] })],
    ["field of a managed identity", (field) => ({ managedIdentities: [field] })],
    ["field of a federated domain", (field) => tenant({ federation: { domain: "a.example", ...field } })],
  ])("%s", async (_, wrong) => {
    const fields = await fieldsOf(wrong);
    expect(fields.length).toBeGreaterThan(2);
    expect(fields.filter((field) => !documented.has(field))).toEqual([]);
  });

  it.each<[string, (field: object) => object]>([
    ["field of a tenant", (field) => tenant(field)],
    ["field of a user", (field) => tenant({ users: [field] })],
    ["lifetime", (field) => ({ lifetimes: field })],
    ["setting of device codes", (field) => ({ deviceCode: field })],
    [
      "field of a federated credential",
      (field) => tenant({ apps: [{ clientId: "a", federatedCredentials: [{ subject: "s", ...field }] }] }),
    ],
  ])("%s", async (_, wrong) => {
    const fields = await fieldsOf(wrong);
    expect(fields.length).toBeGreaterThan(2);
    expect(fields.filter((field) => !new RegExp(`\\b${field}\\b`).test(guide))).toEqual([]);
  });

  it("endpoint that a fault can wait for", async () => {
    const authority = await startLocalAuthority({ http: true });
    const mistake = () => authority.fault({ match: "tokens" as "token" });
    expect(mistake).toThrow(localAuthority.LocalAuthorityConfigurationError);
    const known = /an endpoint name: (.*)$/.exec(String(catchError(mistake)))?.[1]?.split(", ") ?? [];
    expect(known.length).toBeGreaterThan(10);
    const listed = /`match` is an endpoint \((.*?)\), a pattern/.exec(guide)?.[1] ?? "";
    expect(known.filter((name) => !listed.includes(`\`${name}\``))).toEqual([]);
  });

  it("endpoint there is", async () => {
    const authority = await startLocalAuthority({ http: true });
    const response = await fetch(`${authority.url}/nothing`);
    const { endpoints } = (await response.json()) as { readonly endpoints: readonly string[] };
    // Where the forms of pages go; and what the guide writes out for both versions.
    const pages = /(login|select-account|verify|consent|deviceauth\/confirm|\{version\}\/usernamemixed)$/;
    const paths = endpoints.map((line) => line.split(" ")[1] ?? "").filter((path) => !pages.test(path));
    expect(paths.length).toBeGreaterThan(15);
    const short = (path: string) =>
      path.replace(/^\/(adfs|\{tenant\}\/(\{policy\}|openid)|\{tenant\})\//, "");
    expect(paths.filter((path) => !guide.includes(path) && !guide.includes(`\`${short(path)}\``))).toEqual(
      [],
    );
  });

  it("error there is", () => {
    const source = ["client", "request", "user"]
      .map((kind) => read(`packages/local-authority/src/errors/${kind}-errors.ts`))
      .join("");
    const codes = [...source.matchAll(/^ {2}(\d{5,7}): \[/gm)].map(([, code = ""]) => code);
    expect(codes.length).toBeGreaterThan(40);
    expect(codes.filter((code) => !guide.includes(code))).toEqual([]);
  });
});

function catchError(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
