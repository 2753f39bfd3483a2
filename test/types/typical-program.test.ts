// Types are part of the promise: what compiles against the peer compiles against Tessera.
// proves: node/src/configuration.ts, node/src/requests.ts
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { errorsOf, libraries } from "./compile.js";

const programs = ["typical-program.ts", "untypical-program.ts"];

test.each(programs.flatMap((program) => libraries.map((library) => [program, library] as const)))(
  "%s compiles with %s",
  (program, library) => {
    const text = readFileSync(new URL(program, import.meta.url), "utf8");
    const source = text.replace('from "@azure/msal-node"', `from "${library}"`);
    expect(source).toContain(`from "${library}"`);
    expect(errorsOf(source)).toEqual([]);
  },
);
