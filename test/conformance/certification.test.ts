// Every module of the OpenID Foundation's certification plans for relying parties, named as there, with a report.
// proves: core/src/response/verify-id-token.ts, core/src/flows/auth-code-flow.ts
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { root } from "../packages/workspace.js";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { startTlsFront, type TlsFront } from "../support/tls-front.js";
import { moduleNamed, shortName } from "./modules.js";
import { plans, type Variant } from "./plans.js";
import { relyingParty } from "./relying-party.js";
import { report, type Outcome } from "./report.js";

const settingsOf = (variant: Variant) =>
  Object.entries(variant)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(", ");
const cases = plans.flatMap(({ name: plan, runs }) =>
  runs.flatMap(({ variant, modules }) =>
    modules.map((name) => ({
      plan,
      settings: settingsOf(variant),
      variant,
      name,
      module: moduleNamed(name, variant),
    })),
  ),
);
const passed = new Set<object>();

let provider: FakeProvider;
let front: TlsFront;
beforeAll(async () => {
  provider = await startFakeProvider();
  front = await startTlsFront(() => provider.url);
});
afterAll(async () => {
  await Promise.all([front.close(), provider.close()]);
  const outcomes = cases.map((it): Outcome => {
    const { plan, settings, name: module } = it;
    if ("doesNotApply" in it.module)
      return { plan, settings, module, result: "does not apply", why: it.module.doesNotApply };
    return { plan, settings, module, result: passed.has(it) ? "passed" : "failed" };
  });
  process.stdout.write(report(outcomes));
});

test("docs/conformance.md names each plan, and each module that does not apply with its reason", () => {
  const guide = readFileSync(join(root, "docs/conformance.md"), "utf8");
  const missing = cases.flatMap(({ plan, name, variant, module }) => {
    const named = [plan.replace(/formpost-[a-z]+/, "formpost-…")];
    if ("doesNotApply" in module) named.push(module.doesNotApply);
    // The modules with an access token in the browser are named by their response type.
    if ("doesNotApply" in module && !variant.responseType.split(" ").includes("token"))
      named.push(`\`${shortName(name)}\``);
    return named.filter((text) => !guide.includes(text));
  });
  expect([...new Set(missing)]).toEqual([]);
});

describe.each([...new Set(cases.map(({ plan, settings }) => `${plan} (${settings})`))])("%s", (title) => {
  const applying = cases.filter(
    ({ plan, settings, module }) => `${plan} (${settings})` === title && !("doesNotApply" in module),
  );
  for (const it of applying) {
    test(it.name, async () => {
      if ("doesNotApply" in it.module) return;
      provider.reset();
      await it.module.play(relyingParty({ provider, front }, it.variant));
      passed.add(it);
    });
  }
});
