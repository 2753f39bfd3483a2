// Every exported function and every public method has an example in its docstring, which compiles and runs.
// proves: core/src/client/create-client.ts, core/src/flows/authorization-code.ts, core/src/flows/auth-code-flow.ts,
// core/src/flows/client-credentials.ts, core/src/flows/device-code.ts, core/src/flows/on-behalf-of.ts,
// core/src/flows/refresh-token.ts, core/src/flows/silent.ts, core/src/flows/user-federated-identity.ts,
// core/src/flows/username-password.ts, core/src/endpoints/end-session.ts, core/src/request/pkce.ts,
// node/src/client-application.ts, node/src/backchannel-application.ts, node/src/client-registration.ts, node/src/protected-resource.ts, node/src/confidential-client-application.ts, node/src/public-client-application.ts,
// node/src/msal/crypto-provider.ts, node/src/token-credential.ts, node/src/authenticated-fetch.ts
//
// An example is a ts block after an `@example` tag; test/support/example-scope.ts lists the names that it may use without
// declaring them. Constructors and accessors need none. A method with `@inheritdoc` has the example of the method it
// overrides, and the level methods of a Logger (`error`, `infoPii`, …) have one in common.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { assertBuilt, packages } from "../packages/workspace.js";
import { compileExamples, type CompiledExamples } from "../support/compile-examples.js";
import { docstringExamples } from "../support/docstring-examples.js";
import type { ExampleScope } from "../support/example-scope.js";
import { startExampleStage, type ExampleStage } from "../support/example-stage.js";

const examples = docstringExamples();
let compiled: CompiledExamples;
let stage: ExampleStage;
beforeAll(async () => {
  assertBuilt();
  compiled = compileExamples(examples);
  stage = await startExampleStage();
});
afterAll(() => stage.close());

test.each(packages.map(({ manifest, folder }) => [manifest.name, folder] as const))(
  "every function and method of %s has an example",
  (_, folder) => {
    expect(compiled.withoutExample(folder)).toEqual([]);
  },
);

describe.each(examples.map((example) => [example.title, example] as const))("%s", (_, example) => {
  test("compiles", () => {
    expect(compiled.errorsOf(example)).toEqual([]);
  });

  test("runs", async () => {
    const { code, imports } = compiled.emit(example);
    const modules = new Map<string, unknown>();
    for (const specifier of imports) modules.set(specifier, await import(specifier));
    const exported: { default?: (scope: ExampleScope) => Promise<void> } = {};
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- that is the example
    new Function("require", "exports", code)((specifier: string) => modules.get(specifier), exported);
    await exported.default?.(await stage.scope(example.names));
    expect(exported.default).toBeDefined();
  });
});
