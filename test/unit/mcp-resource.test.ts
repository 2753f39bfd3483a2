// `isMcp`, which asks every request for its resource (RFC 8707): the same calls to both libraries.
// proves: node/src/mcp-resource.ts
import * as peer from "@azure/msal-node";
import { expect, test } from "@jest/globals";
import * as tessera from "@tessera/node";
import { brokerAccount as account, fakeBroker } from "../support/fake-broker.js";

type App = Pick<peer.PublicClientApplication, "acquireTokenSilent" | "acquireTokenInteractive">;
const libraries = [
  ["peer", (configuration: peer.Configuration): App => new peer.PublicClientApplication(configuration)],
  ["tessera", (configuration: peer.Configuration): App => new tessera.PublicClientApplication(configuration)],
] as const;
const authority = "https://login.microsoftonline.com/contoso.example";
const scopes = ["User.Read"];
const openBrowser = async (): Promise<void> => {
  throw new Error("the broker shows its own window");
};
const resource = "https://mcp.contoso.example";
const requests: Readonly<Record<string, { readonly request: object; readonly code: string | undefined }>> = {
  "no resource": { request: {}, code: "resource_parameter_required" },
  "an empty resource": { request: { resource: "" }, code: "resource_parameter_required" },
  "a resource in the extra parameters": {
    request: { resource, extraParameters: { resource } },
    code: "misplaced_resource_parameter",
  },
  "a resource in the query": {
    request: { resource, extraQueryParameters: { resource } },
    code: "misplaced_resource_parameter",
  },
  "a resource in the extra parameters only": {
    request: { extraQueryParameters: { resource } },
    code: undefined,
  },
  "a resource": { request: { resource }, code: undefined },
};
const methods: Readonly<Record<string, (app: App, request: object) => Promise<unknown>>> = {
  interactive: (app, request) => app.acquireTokenInteractive({ scopes, openBrowser, ...request }),
  silent: (app, request) => app.acquireTokenSilent({ scopes, account, ...request }),
};
const rows = Object.keys(requests).flatMap((name) =>
  Object.keys(methods).map((method) => [name, method] as const),
);

test.each(rows)("%s, %s: the same with both libraries", async (name, method) => {
  const { request, code } = requests[name] ?? {};
  const codes = await Promise.all(
    libraries.map(async ([, create]) => {
      const app = create({
        auth: { clientId: "the-client", authority, isMcp: true },
        broker: { nativeBrokerPlugin: fakeBroker().plugin },
      });
      return methods[method]?.(app, request ?? {}).then(
        () => undefined,
        (error: unknown) => (error as peer.AuthError).errorCode,
      );
    }),
  );
  expect(codes[1]).toBe(codes[0]);
  if (code) expect(codes[1]).toBe(code);
});

test("without isMcp nothing is asked of a request", async () => {
  const { plugin, calls } = fakeBroker();
  const app = new tessera.PublicClientApplication({
    auth: { clientId: "the-client", authority },
    broker: { nativeBrokerPlugin: plugin },
  });
  await app.acquireTokenInteractive({ scopes, openBrowser });
  expect(calls.map(({ method }) => method)).toContain("acquireTokenInteractive");
});
