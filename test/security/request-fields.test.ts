// proves: core/src/request/request-fields.ts, core/src/request/request-field.ts, core/src/request/request-keys.ts,
// core/src/exchange/shared-call.ts
// Whatever changes what a token is for is sent, tells cached tokens apart, and tells calls apart that overlap: for every
// field of every public request, in every grant, as the table says.
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import type { AccountInfo } from "@tessera/node";
import ts from "typescript";
import { EVERY_GRANT, type RequestField } from "../../packages/core/src/request/request-field.js";
import { REQUEST_FIELDS } from "../../packages/core/src/request/request-fields.js";
import { assertBuilt, root } from "../packages/workspace.js";
import { samples } from "../support/request-samples.js";
import {
  correlationId as CORRELATION,
  drivers,
  requestStage,
  type Driven,
  type Fields,
} from "../support/request-stage.js";
import { inSample } from "../support/sample.js";

type Field = keyof typeof REQUEST_FIELDS;
type Grant = (typeof EVERY_GRANT)[number];
/** What acquires tokens under other names: the field of the request that each option becomes. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, Field | "not sent">>>> = {
  GetTokenOptions: {
    abortSignal: "signal",
    claims: "claims",
    requestOptions: "timeoutMs",
    tenantId: "tenantId",
  },
  AuthenticatedFetchOptions: {
    account: "account",
    authenticationScheme: "authenticationScheme",
    authority: "authority",
    fetch: "not sent",
    oboAssertion: "oboAssertion",
    scopes: "scopes",
  },
};

const table = Object.entries(REQUEST_FIELDS) as readonly (readonly [Field, RequestField])[];

describe("the table", () => {
  const { publicRequests, options, methods } = declared();

  it.each([...publicRequests])("has every field of %s", (_, fields) => {
    expect(fields.filter((field) => !(field in REQUEST_FIELDS))).toEqual([]);
  });

  it.each([...options])("has a field for every option of %s", (name, given) => {
    expect(given.filter((option) => OPTIONS[name]?.[option] === undefined)).toEqual([]);
  });

  it("has no field that no public request has", () => {
    const all = new Set([...publicRequests.values()].flat());
    expect(Object.keys(REQUEST_FIELDS).filter((field) => !all.has(field))).toEqual([]);
  });

  it("is about what every method of an application that acquires tokens takes", () => {
    expect(
      methods.filter(({ request }) => !publicRequests.has(request) && request !== "AuthCodeFlow"),
    ).toEqual([]);
  });

  it("has a sample of every field, so that none goes untried", () => {
    const sampled = Object.keys(samples({} as never));
    expect(sampled).toEqual(Object.keys(REQUEST_FIELDS));
  });

  it("gives a part of the flight key to every field that has one of the cache key", () => {
    const parted = table.filter(([, { cacheKey }]) => typeof cacheKey === "object");
    expect(parted.filter(([, { flightKey }]) => typeof flightKey !== "function")).toEqual([]);
  });
});

let signedIn: { readonly alice: AccountInfo; readonly bob: AccountInfo; readonly cache: string };
beforeAll(async () => {
  const { app, signIn } = requestStage();
  const [alice, bob] = [await signIn(app, "alice"), await signIn(app, "bob")];
  signedIn = { alice, bob, cache: app.getTokenCache().serialize() };
});

/** A stage with two users who have refresh tokens. */
function driven(): { readonly stage: Driven; readonly values: Fields } {
  const { alice, bob, cache } = signedIn;
  const made = requestStage();
  made.app.getTokenCache().deserialize(cache);
  return { stage: { ...made, alice }, values: samples(bob) };
}

const one = (field: Field, values: Fields): Fields => ({
  [field]: values[field],
  // Only one of the two may name a user.
  ...(field === "username" ? { userObjectId: undefined } : {}),
});

/** What may differ between two equal calls. */
const noise = ["x-client-current-telemetry", "x-client-last-telemetry"];
const comparable = (sent: Driven["sent"]) =>
  JSON.stringify(
    sent.map(({ url, body, headers }) => {
      const form = [...new URLSearchParams(body)].filter(([name]) => !noise.includes(name));
      return { url, form, headers };
    }),
  );

describe.each(EVERY_GRANT)("%s", (grant: Grant) => {
  const isSent = ({ sent }: RequestField) =>
    sent.includes(grant) || (grant === "device_code" && sent.includes("device_authorization"));
  // Whether the cache may answer is no parameter; that the server is asked is looked at below.
  const base: Fields = grant === "silent" ? { forceRefresh: true } : {};
  let plain = "";
  /** How many token requests one call takes. */
  let count = 0;
  beforeAll(async () => {
    const { stage } = driven();
    await drivers[grant](stage, base);
    plain = comparable(stage.sent);
    count = stage.tokenRequests().length;
  });

  // Every field that is sent, and a third of the others.
  const place = EVERY_GRANT.indexOf(grant);
  const tried = table.filter(([field, row]) => isSent(row) || inSample(field, place));
  it.each(tried.filter(([field]) => field !== "forceRefresh"))(
    "sends %s as the table says",
    async (field, row) => {
      const { stage, values } = driven();
      await drivers[grant](stage, { ...base, ...one(field, values) }).catch(() => undefined);
      const differs = comparable(stage.sent) !== plain;
      expect({ field, differs }).toEqual({ field, differs: isSent(row) });
    },
  );

  // Every device code is shown to somebody else, and every user is asked for one session.
  if (grant === "device_code" || grant === "backchannel_authentication") return;

  // A client that is another one's, and a realm, which Entra does not have, are refused, so that there is nothing to share.
  const allowed = table.filter(([field]) => field !== "embeddedClientId" && field !== "realm");
  it.each(allowed.filter(([field]) => inSample(field, place)))(
    "lets calls that differ in %s share as the table says",
    async (field, row) => {
      const { stage, values } = driven();
      const store = { storeInCache: { accessToken: false } };
      await Promise.allSettled([
        drivers[grant](stage, store),
        drivers[grant](stage, { ...store, ...one(field, values) }),
      ]);
      const shared = stage.tokenRequests().length === count;
      expect({ field, shared }).toEqual({ field, shared: typeof row.flightKey !== "function" });
    },
  );

  it("lets equal calls share", async () => {
    const { stage, values } = driven();
    const fields = { ...values, ...untouched };
    await Promise.allSettled([drivers[grant](stage, fields), drivers[grant](stage, { ...fields })]);
    expect(stage.tokenRequests().length).toBeLessThanOrEqual(count);
  });
});

describe.each(["authorize", "end_session"] as const)("the URL for %s", (carrier) => {
  const make = async (over: (values: Fields) => Fields): Promise<readonly string[]> => {
    const { stage, values } = driven();
    const asked = { correlationId: CORRELATION, redirectUri: "http://localhost", scopes: ["api://one/a"] };
    const request = { ...asked, responseMode: "form_post", prompt: "none" };
    const pkce = { codeChallenge: "a-challenge", codeChallengeMethod: "S256" };
    const { app } = stage;
    if (carrier === "end_session") return [await app.buildEndSessionUrl(over(values))];
    const url = await app.getAuthCodeUrl({ ...request, ...pkce, ...over(values) });
    const flow = await app.initiateAuthCodeFlow({ ...request, ...(over(values) as object) });
    return [url, withoutGenerated(flow.authUrl, values)];
  };

  let plain = "";
  beforeAll(async () => {
    plain = String(await make(() => ({})));
  });
  const said = table.filter(([field, row]) => row.sent.includes(carrier) || inSample(field));
  it.each(said)("says %s as the table says", async (field, row) => {
    const differs = String(await make((values) => one(field, values))) !== plain;
    expect({ field, differs }).toEqual({ field, differs: row.sent.includes(carrier) });
  });
});

/** The URL without the values that the library generated for it: a parameter that holds a sample stays. */
function withoutGenerated(url: string, { state, nonce, codeChallenge }: Fields): string {
  const said = new URL(url);
  const samples = Object.entries({ state, nonce, code_challenge: codeChallenge });
  for (const [name, sample] of samples)
    if (said.searchParams.get(name) !== sample && said.searchParams.has(name))
      said.searchParams.set(name, "generated");
  return said.href;
}

/** Fields whose sample ends a call before it is sent. */
const untouched = { username: undefined, userObjectId: undefined, codeChallenge: undefined };

/** How these reasons show: the cache does not answer. */
const PAST_THE_CACHE = "never answered from the cache";

describe.each(["agent", "client_credentials", "on_behalf_of", "silent", "token_exchange"] as const)(
  "the cache, %s",
  (grant) => {
    const isPart = ({ cacheKey, sent }: RequestField) =>
      typeof cacheKey === "object" && ("component" in cacheKey || sent.includes(grant));
    const place = EVERY_GRANT.indexOf(grant);
    // Every field that keeps tokens apart, and a third of the others. A session that begins belongs to its assertion; an
    // account that signs out is another one.
    const tried = table.filter(
      ([field, row]) => field !== "sessionKey" && (isPart(row) || inSample(field, place)),
    );

    it.each(tried)("keeps tokens apart by %s as the table says", async (field, row) => {
      const { stage, values } = driven();
      const call = (fields: Fields) => drivers[grant](stage, fields);
      const plain = await call({});
      const fields = one(field, values);
      const first = await call(fields);
      const again = await call(fields);
      const plainAgain = await call({});
      const part = isPart(row);
      const past = row.cacheKey === PAST_THE_CACHE && (row.sent.includes(grant) || !first?.fromCache);
      expect({ field, hit: first?.fromCache }).toEqual({ field, hit: !part && !past });
      if (past) return;
      expect(again).toMatchObject({ fromCache: true, accessToken: first?.accessToken });
      expect(plainAgain).toMatchObject({ fromCache: true, accessToken: plain?.accessToken });
    });
  },
);

/** The fields of every exported request, and what the methods take, as the built declarations have them. */
function declared() {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const compiler = { ...ts.parseJsonConfigFileContent(config, ts.sys, root).options, paths: {}, types: [] };
  assertBuilt();
  const index = join(root, "packages/node/dist/index.d.cts");
  const program = ts.createProgram([index], compiler);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(index);
  const module = source && checker.getSymbolAtLocation(source);
  const publicRequests = new Map<string, readonly string[]>();
  const options = new Map<string, readonly string[]>();
  const methods: { readonly method: string; readonly request: string }[] = [];
  for (const exported of module ? checker.getExportsOfModule(module) : []) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    // What a broker's plugin takes is made by the library.
    if (/(?<!^Native.*)Request$/.test(exported.name)) {
      publicRequests.set(
        exported.name,
        checker.getPropertiesOfType(type).map(({ name }) => name),
      );
    }
    if (exported.name in OPTIONS) {
      options.set(
        exported.name,
        checker.getPropertiesOfType(type).map(({ name }) => name),
      );
    }
    if (!exported.name.endsWith("ClientApplication")) continue;
    for (const method of checker.getPropertiesOfType(type)) {
      if (!/^(acquire|get.*Url|initiate|build|signOut)/.test(method.name)) continue;
      const [signature] = checker.getTypeOfSymbol(method).getCallSignatures();
      const [parameter] = signature?.getParameters() ?? [];
      const taken = parameter && checker.getNonNullableType(checker.getTypeOfSymbol(parameter));
      methods.push({ method: method.name, request: taken?.symbol?.name ?? taken?.aliasSymbol?.name ?? "?" });
    }
  }
  return { publicRequests, options, methods };
}
