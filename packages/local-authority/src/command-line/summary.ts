import { canSignIn, type App, type AuthorityConfig, type Tenant } from "../config/config.js";
import { shellQuote } from "../emulator/environment-text.js";

/** What is printed for a person. */
export interface Summary {
  readonly url: string;
  readonly config: AuthorityConfig;
  /** The file with the CA certificate; absent with plain HTTP. */
  readonly caFile?: string;
  /** `win32` for lines for PowerShell. */
  readonly platform: string;
  readonly isColored: boolean;
}

/** Where the authority is, who can sign in, to which apps, and three lines that get a first token. */
export function summary(about: Summary): string {
  const { url, config, caFile, isColored } = about;
  const bold = (text: string) => (isColored ? `\u001b[1m${text}\u001b[22m` : text);
  return [
    bold("Tessera local authority, for development and tests"),
    "",
    `Console         ${url}/`,
    ...(caFile === undefined ? [] : [`CA certificate  ${caFile}`]),
    ...config.tenants.flatMap((tenant) => ["", ...tenantLines(url, tenant, bold)]),
    "",
    bold(
      about.platform === "win32"
        ? "Copy into PowerShell for a first token:"
        : "Copy into a shell for a first token:",
    ),
    ...firstToken(about).map((line) => `  ${line}`),
    "",
    "Press Ctrl+C to stop.",
    "",
  ].join("\n");
}

function tenantLines(url: string, tenant: Tenant, bold: (text: string) => string): readonly string[] {
  const { id, name, domain, apps, users, federation } = tenant;
  const people = [...users, ...(federation?.users ?? [])].filter(canSignIn);
  return [
    `${bold(name)}, ${domain}`,
    `  authority  ${url}/${id}`,
    ...columns(
      people.map(({ username, password, disabled }) => [
        "user",
        username,
        `password ${password}${disabled ? " (disabled)" : ""}`,
      ]),
    ),
    ...columns(apps.map((app) => ["app", app.name, `client ID ${app.clientId}`, credentialOf(app)])),
  ];
}

function credentialOf({ clientSecret, certificates, jwks, federatedCredentials, ...app }: App): string {
  if (clientSecret !== undefined) return `secret ${clientSecret}`;
  const others = [certificates, jwks, federatedCredentials, app.tlsClientAuth, app.subjectNameIssuer];
  return others.some((each) => each !== undefined) ? "" : "public";
}

/** Rows with aligned columns; the last one ends where it ends. */
function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      cell.padEnd(column === 0 ? "authority".length : (widths[column] ?? 0)),
    );
    return `  ${cells.join("  ")}`.trimEnd();
  });
}

/** The variables of a first app, named as in `@azure/identity`, and a request with them. */
function firstToken({ url, config, caFile, platform }: Summary): readonly string[] {
  const [tenant] = config.tenants;
  const app = tenant?.apps.find(({ clientSecret }) => clientSecret !== undefined) ?? tenant?.apps[0];
  if (tenant === undefined || app === undefined) return [];
  const isWindows = platform === "win32";
  const set = (values: Readonly<Record<string, string | undefined>>): string => {
    const defined = Object.entries(values).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return isWindows
      ? defined.map(([name, value]) => `$env:${name} = '${value.replaceAll("'", "''")}'`).join("; ")
      : `export ${defined.map(([name, value]) => `${name}=${shellQuote(value)}`).join(" ")}`;
  };
  const variable = (name: string) => (isWindows ? `$env:${name}` : `$${name}`);
  const curl = [
    isWindows ? "curl.exe -s" : "curl -s",
    ...(caFile === undefined ? [] : [`--cacert "${variable("NODE_EXTRA_CA_CERTS")}"`]),
    ...(isWindows && caFile !== undefined ? ["--ssl-no-revoke"] : []),
  ];
  const authority = `${variable("AZURE_AUTHORITY_HOST")}/${variable("AZURE_TENANT_ID")}`;
  const fields = [
    "grant_type=client_credentials",
    `client_id=${variable("AZURE_CLIENT_ID")}`,
    `client_secret=${variable("AZURE_CLIENT_SECRET")}`,
    "scope=https://graph.microsoft.com/.default",
  ];
  const ask =
    app.clientSecret === undefined
      ? [`"${authority}/v2.0/.well-known/openid-configuration"`]
      : [`"${authority}/oauth2/v2.0/token"`, ...fields.map((field) => `--data-urlencode "${field}"`)];
  return [
    set({ NODE_EXTRA_CA_CERTS: caFile, AZURE_AUTHORITY_HOST: url }),
    set({ AZURE_TENANT_ID: tenant.id, AZURE_CLIENT_ID: app.clientId, AZURE_CLIENT_SECRET: app.clientSecret }),
    [...curl, ...ask].join(" "),
  ];
}

/** What a person needs to know about an emulated host. */
export function identitiesNotice(url: string, { managedIdentities }: AuthorityConfig): string {
  const identities = managedIdentities.map(
    ({ clientId, systemAssigned }) =>
      `  ${systemAssigned ? "system" : "user"}-assigned identity, client ID ${clientId}`,
  );
  const note = "Set these variables for your app while this program runs. Press Ctrl+C to stop.";
  return [`The authority listens at ${url}, with a console for people`, ...identities, note, ""].join("\n");
}
