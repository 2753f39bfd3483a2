import { expect } from "@jest/globals";
import * as peer from "@azure/msal-node";
import * as tessera from "@tessera/node";
import type { MetadataEndpoint, MetadataRequest } from "./metadata-endpoint.js";
import { createTestClock, type TestClock } from "./test-clock.js";

/** The variables that any of the sources reads. */
const VARIABLES = [
  "AZURE_POD_IDENTITY_AUTHORITY_HOST",
  "DEFAULT_IDENTITY_CLIENT_ID",
  "IDENTITY_ENDPOINT",
  "IDENTITY_HEADER",
  "IDENTITY_SERVER_THUMBPRINT",
  "IMDS_ENDPOINT",
  "MSI_ENDPOINT",
  "MSI_SECRET",
];

export const PATH = "/metadata/identity/oauth2/token";

/** The environment of each source, at an endpoint of the test. */
export const ENVIRONMENTS = {
  AppService: (origin: string) => ({
    IDENTITY_ENDPOINT: `${origin}/msi/token`,
    IDENTITY_HEADER: "host-secret",
  }),
  AzureArc: (origin: string) => ({ IDENTITY_ENDPOINT: `${origin}${PATH}`, IMDS_ENDPOINT: origin }),
  CloudShell: (origin: string) => ({ MSI_ENDPOINT: `${origin}/oauth2/token` }),
  DefaultToImds: (origin: string) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: origin }),
  MachineLearning: (origin: string) => ({
    MSI_ENDPOINT: `${origin}/msi`,
    MSI_SECRET: "host-secret",
    DEFAULT_IDENTITY_CLIENT_ID: "the-default-identity",
  }),
  ServiceFabric: (origin: string) => ({
    IDENTITY_ENDPOINT: `${origin}${PATH}`,
    IDENTITY_HEADER: "host-secret",
    IDENTITY_SERVER_THUMBPRINT: "00",
  }),
} as const;

export type SourceName = keyof typeof ENVIRONMENTS;

/** Sets the environment of a source, and of no other. Returns what restores the previous one. */
export function setEnvironment(variables: Readonly<Record<string, string>>): () => void {
  const before = VARIABLES.map((name) => [name, process.env[name]] as const);
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/** An application of the peer, which has forgotten the source and the tokens of the previous one. */
export function peersApp(configuration?: peer.ManagedIdentityConfiguration): peer.ManagedIdentityApplication {
  Reflect.set(peer.ManagedIdentityApplication, "nodeStorage", undefined);
  const app = new peer.ManagedIdentityApplication(configuration);
  const client = (Reflect.get(app, "managedIdentityClient") as object).constructor;
  Reflect.set(client, "identitySource", undefined);
  Reflect.set(client, "sourceName", undefined);
  return app;
}

/** An application of Tessera with a clock of its own, and so with a cache of its own. */
export function ourApp(
  configuration: tessera.ManagedIdentityConfiguration = {},
  clock: TestClock = createTestClock(),
): tessera.ManagedIdentityApplication {
  return new tessera.ManagedIdentityApplication({
    ...configuration,
    system: { clock, ...configuration.system },
  });
}

type Configuration = peer.ManagedIdentityConfiguration & tessera.ManagedIdentityConfiguration;

/** What came of the same calls with both libraries. */
export interface Both {
  readonly theirs: Outcome;
  readonly ours: Outcome;
}

export interface Outcome {
  /** Results, or errors. */
  readonly values: readonly unknown[];
  readonly requests: readonly MetadataRequest[];
}

/**
 * Makes the same calls with each library.
 *
 * @param theirSystem what only the peer needs
 */
export async function callBoth(
  endpoint: MetadataEndpoint,
  calls: readonly peer.ManagedIdentityRequestParams[],
  configuration: Configuration = {},
  theirSystem: peer.ManagedIdentityConfiguration["system"] = {},
): Promise<Both> {
  const outcome = async (
    make: () => Pick<peer.ManagedIdentityApplication, "acquireToken">,
  ): Promise<Outcome> => {
    endpoint.requests.length = 0;
    const values: unknown[] = [];
    for (const call of calls) {
      try {
        values.push(await make().acquireToken(call));
      } catch (error) {
        values.push(error);
      }
    }
    return { values, requests: [...endpoint.requests] };
  };
  let theirApp: peer.ManagedIdentityApplication | undefined;
  let own: tessera.ManagedIdentityApplication | undefined;
  const theirs = await outcome(() => (theirApp ??= peersApp({ ...configuration, system: theirSystem })));
  const ours = await outcome(() => (own ??= ourApp(configuration)));
  return { theirs, ours };
}

const COMPARED = ["x-identity-header", "metadata", "secret", "content-type", "authorization"];

/** The requests as far as the sender chose them: not what its HTTP client added. */
export function shown({ requests }: Outcome): unknown {
  return requests.map(({ line, query, headers, body }) => ({
    // The peer adds a slash to the documented path if AZURE_POD_IDENTITY_AUTHORITY_HOST is set.
    line: line.replace(/\/$/, ""),
    query,
    body,
    headers: Object.fromEntries(COMPARED.map((name) => [name, headers[name]])),
    own: ["x-client-sku", "x-client-ver", "x-ms-client-request-id"].filter((name) => headers[name]),
  }));
}

/** A result without what differs between two calls, or what a program distinguishes errors by. */
export function fieldsOf(value: unknown): unknown {
  if (value instanceof Error) {
    const { name, errorCode, errorNo, subError, status } = value as Error & Record<string, unknown>;
    return { name, errorCode, errorNo, subError, status };
  }
  // `metadata` says what a call took. The peer has none: docs/differences.md.
  const {
    correlationId,
    expiresOn,
    extExpiresOn,
    refreshOn,
    metadata: _,
    ...fields
  } = value as Record<string, unknown>;
  const seconds = [expiresOn, extExpiresOn, refreshOn].map((date) =>
    date instanceof Date ? date.getTime() / 1000 : date,
  );
  return { ...fields, hasCorrelationId: typeof correlationId === "string" && correlationId !== "", seconds };
}

/** What a result of the other library has to equal: its times may be a moment apart. */
export function expectedFields(value: unknown): unknown {
  const fields = fieldsOf(value) as { readonly seconds?: readonly unknown[] };
  if (!fields.seconds) return fields;
  const seconds = fields.seconds.map((at) => (typeof at === "number" ? expect.closeTo(at, WITHIN_50) : at));
  return { ...fields, seconds };
}

/** The number of digits with which `closeTo` takes times for equal that are less than 50 seconds apart. */
const WITHIN_50 = -2;
