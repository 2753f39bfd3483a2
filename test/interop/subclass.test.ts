// Programs extend the applications: a subclass finds its configuration and its logger, as in the peer.
// proves: node/src/msal/app-configuration.ts, node/src/application.ts
import { inspect } from "node:util";
import * as peer from "@azure/msal-node";
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { errorsOf } from "../types/compile.js";

const auth = { clientId: "c", authority: "https://login.microsoftonline.com/contoso.example" };
const confidential = { ...auth, clientSecret: "the-secret-of-the-app" };

/** What a subclass sees of an application. */
const seen = (app: unknown) => app as { readonly config: peer.Configuration; logger: peer.Logger };

/** Fields that programs read, in any application. */
const READ: Readonly<Record<string, (config: peer.Configuration) => unknown>> = {
  "auth.clientId": ({ auth }) => auth.clientId,
  "auth.authority": ({ auth }) => auth.authority,
  "auth.clientAssertion": ({ auth }) => auth.clientAssertion,
  "auth.knownAuthorities": ({ auth }) => auth.knownAuthorities,
  "auth.clientCapabilities": ({ auth }) => auth.clientCapabilities,
  "auth.cloudDiscoveryMetadata": ({ auth }) => auth.cloudDiscoveryMetadata,
  "auth.authorityMetadata": ({ auth }) => auth.authorityMetadata,
  "auth.isMcp": ({ auth }) => auth.isMcp,
  broker: ({ broker }) => broker,
  cache: ({ cache }) => cache,
  "system.loggerOptions": ({ system }) => system?.loggerOptions?.logLevel,
  "system.disableInternalRetries": ({ system }) => system?.disableInternalRetries,
  "system.protocolMode": ({ system }) => system?.protocolMode,
  telemetry: ({ telemetry }) => telemetry,
};

describe.each([
  ["nothing but what it needs", {}],
  [
    "everything",
    {
      cache: {
        cachePlugin: { beforeCacheAccess: async () => undefined, afterCacheAccess: async () => undefined },
      },
      system: {
        loggerOptions: { logLevel: peer.LogLevel.Trace as number, loggerCallback: () => undefined },
        disableInternalRetries: true,
      },
      telemetry: { application: { appName: "app", appVersion: "1" } },
    } as object,
  ],
])("an application with %s", (_, more) => {
  it.each(Object.entries(READ))("has %s in its configuration, as the peer's", (__, read) => {
    for (const [kind, own] of [
      ["PublicClientApplication", auth],
      ["ConfidentialClientApplication", confidential],
    ] as const) {
      const given = { auth: own, ...more };
      const [theirs, ours] = [new peer[kind](given), new tessera[kind](given)];
      expect(read(seen(ours).config)).toEqual(read(seen(theirs).config));
    }
  });
});

it.each([
  ["msal-node", peer],
  ["Tessera", tessera],
] as const)("a subclass logs with the application's logger, also with a new one: %s", (_, library) => {
  const lines: string[] = [];
  const logger = (mark: string) =>
    new library.Logger({
      logLevel: library.LogLevel.Info as never,
      loggerCallback: (__: unknown, line: string) => void lines.push(mark + line),
    });
  const app = new library.ConfidentialClientApplication({ auth: confidential });
  app.setLogger(logger("set ") as never);
  seen(app).logger.info("one", "");
  seen(app).logger = logger("assigned ") as never;
  app.getLogger().info("two", "");
  expect(lines.map((line) => line.split(" ", 1)[0])).toEqual(["set", "assigned"]);
});

it("an application that is printed or made into JSON shows no secret", () => {
  const app = new tessera.ConfidentialClientApplication({ auth: confidential });
  const shown = [
    inspect(app, { depth: 9, showHidden: true }),
    JSON.stringify(Object.entries(app).map(String)),
  ];
  expect(shown.join("\n")).not.toContain(confidential.clientSecret);
});

it("a credential that a public client ignores is not in its configuration", () => {
  const app = new tessera.PublicClientApplication({ auth: confidential });
  expect(seen(app).config.auth.clientSecret).toBe("");
});

it.each(["@azure/msal-node", "@tessera/node"])("a subclass that uses both compiles with %s", (library) => {
  const program = `
    import { ConfidentialClientApplication, type Configuration } from "${library}";
    export class Own extends ConfidentialClientApplication {
      constructor(configuration: Configuration) {
        super(configuration);
        this.logger.info(this.config.auth.clientId, "");
      }
      authority(): string { return this.config.auth.authority; }
      level(): number | undefined { return this.config.system.loggerOptions.logLevel; }
    }`;
  expect(errorsOf(program)).toEqual([]);
});
