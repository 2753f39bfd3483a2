// What is refused to an agent, and in which leg; the credentials of its blueprint; callers who leave.
// proves: core/src/flows/agent.ts, core/src/flows/agent-identity.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { ConfidentialClientApplication } from "@tessera/node";
import { agent, agentStage, appScopes, ask, tenants, user, type AgentStage } from "../support/agent-stage.js";
import { makeCertificate } from "../support/certificates.js";
import { eventually } from "../support/eventually.js";
import { gate } from "../support/gate.js";

const [tenant = ""] = tenants;
const asItself = { user: undefined, scopes: appScopes };

let stage: AgentStage;
let app: ConfidentialClientApplication;
beforeEach(() => {
  stage = agentStage();
  app = stage.app();
});
const failure = async (call: Promise<unknown>): Promise<Record<string, unknown>> =>
  call.then(
    () => ({ message: "it was not refused" }),
    (error: unknown) => error as Record<string, unknown>,
  );

describe("a refusal says which token it is about", () => {
  const [t1, t2, users] = [
    "the blueprint's token for the agent (leg 1)",
    "the agent's own token (leg 2)",
    "the user's token for the agent (leg 3)",
  ];
  it.each([
    ["t1", {}, "blueprint", t1],
    ["t1", asItself, "blueprint", t1],
    ["t2", {}, "agent", t2],
    ["app", asItself, "agent", t2],
    ["user", {}, "user", users],
  ])("%s of %j", async (refused, over, agentLeg, named) => {
    stage.refuse = ({ leg }) =>
      leg === refused
        ? {
            error: "unauthorized_client",
            error_codes: [700016],
            error_description: "AADSTS700016: not found",
          }
        : undefined;
    const error = await failure(ask(app, over));
    expect(error).toMatchObject({
      name: "ServerError",
      errorCode: "unauthorized_client",
      errorNo: 700016,
      agentLeg,
    });
    const text = `Requesting ${named}: Error(s): 700016 - Description: AADSTS700016: not found`;
    expect(error["errorMessage"]).toBe(text);
    expect(String(error["stack"])).toMatch(/^ServerError: unauthorized_client: Requesting the /);
    expect(`${String(error["name"])}: ${String(error["message"])}`).toBe(
      `ServerError: unauthorized_client: ${text}`,
    );
  });

  it.each([
    ["user", {}],
    ["app", asItself],
  ])("and so does a claims challenge (%s), which the next call passes on", async (challenged, over) => {
    const claims = '{"access_token":{"capolids":{"essential":true,"values":["c1"]}}}';
    stage.refuse = ({ leg, form }) =>
      leg === challenged && !form["claims"]?.includes("capolids")
        ? { error: "interaction_required", error_codes: [53003], claims, suberror: "message_only" }
        : undefined;
    const error = await failure(ask(app, over));
    const agentLeg = challenged === "user" ? "user" : "agent";
    expect(error).toMatchObject({
      name: "InteractionRequiredAuthError",
      agentLeg,
      claims,
      subError: "message_only",
    });
    expect(await ask(app, { ...over, claims: String(error["claims"]) })).toMatchObject({ fromCache: false });
  });

  it("with each caller's own correlation id, and for callers only", async () => {
    stage.refuse = ({ leg }) =>
      leg === "t1" ? { error: "invalid_client", error_codes: [7000215] } : undefined;
    const ids = ["40000000-0000-4000-8000-000000000001", "40000000-0000-4000-8000-000000000002"];
    const errors = await Promise.all(ids.map((correlationId) => failure(ask(app, { correlationId }))));
    expect(errors.map(({ correlationId }) => correlationId)).toEqual(ids);
    expect(errors.map(({ agentLeg }) => agentLeg)).toEqual(["blueprint", "blueprint"]);
    expect(stage.legs()).toEqual(["t1"]);
  });

  it("of other errors nothing is said", async () => {
    stage.arrived = () => Promise.reject(new Error("connection reset"));
    expect(await failure(ask(app))).not.toHaveProperty("agentLeg");
  });
});

describe("a token that is refused as a credential is requested once more", () => {
  const once = (leg: string, error_codes: readonly number[], error = "invalid_client") => {
    let refused = 0;
    stage.refuse = (request) => {
      if (request.leg !== leg || refused > 0) return undefined;
      refused += 1;
      return { error, error_codes };
    };
  };

  it.each([
    [700024, {}, "user", ["user", "t1", "user"]],
    [700211, { scopes: ["api://orders/read"] }, "user", ["user", "t1", "user"]],
    [700024, asItself, "app", ["app", "t1", "app"]],
  ])("the blueprint's (%s, %j), and nothing else", async (code, over, leg, legs) => {
    await ask(app);
    stage.legs();
    once(leg, [code]);
    expect(await ask(app, { ...over, skipCache: true })).toMatchObject({ fromCache: false });
    const sent = [...stage.sent];
    expect(stage.legs()).toEqual(legs);
    const [first, , second] = sent.map(({ form }) => form["client_assertion"]);
    expect(second).not.toBe(first);
    // The new one is kept.
    await ask(app, { agentId: agent(0), user: { objectId: user(1) } });
    expect(stage.legs()).toEqual(["user"]);
  });

  it("the blueprint's, for the agent's own token", async () => {
    once("t2", [700024]);
    await ask(app);
    expect(stage.legs()).toEqual(["t1", "t2", "t1", "t2", "user"]);
  });

  it.each([50013, 500133])("the agent's (%s), and nothing else", async (code) => {
    await ask(app);
    stage.legs();
    once("user", [code], "invalid_grant");
    expect(await ask(app, { skipCache: true })).toMatchObject({ fromCache: false });
    expect(stage.legs()).toEqual(["user", "t2", "user"]);
  });

  it("for all concurrent callers together", async () => {
    await ask(app);
    stage.legs();
    let refused = 0;
    stage.refuse = ({ leg }) => {
      if (leg !== "user" || refused === 20) return undefined;
      refused += 1;
      return { error: "invalid_client", error_codes: [700024] };
    };
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => ask(app, { user: { objectId: user(index + 1) } })),
    );
    expect(stage.legs().filter((leg) => leg === "t1")).toHaveLength(1);
  });

  it.each([
    ["invalid_client", [700024], ["user", "t1", "user"]],
    ["invalid_grant", [50013], ["user", "t2", "user"]],
    ["invalid_grant", [50034], ["user"]],
    ["invalid_grant", [65001], ["user"]],
  ])("and not again: %s %j", async (error, error_codes, legs) => {
    await ask(app);
    stage.legs();
    stage.refuse = ({ leg }) => (leg === "user" ? { error, error_codes } : undefined);
    expect(await failure(ask(app, { skipCache: true }))).toMatchObject({
      errorCode: error,
      agentLeg: "user",
    });
    expect(stage.legs()).toEqual(legs);
  });

  it("and the agent of another blueprint is told so", async () => {
    stage.refuse = ({ leg }) =>
      leg === "t2" ? { error: "invalid_client", error_codes: [700213] } : undefined;
    expect(await failure(ask(app))).toMatchObject({ errorNo: 700213, agentLeg: "agent" });
  });
});

describe("the server's pause", () => {
  it("is for one agent and user, not for the others", async () => {
    const [throttled] = [agent(0)];
    stage.refuse = ({ form }) =>
      form["fmi_path"] === throttled ? { error: "temporarily_unavailable", error_codes: [90055] } : undefined;
    expect(await failure(ask(app))).toMatchObject({ agentLeg: "blueprint" });
    expect(await ask(app, { agentId: agent(1) })).toMatchObject({ fromCache: false });
  });
});

const own = makeCertificate({ subject: "blueprint.contoso.example" });
it.each([
  ["a secret", { clientSecret: "s" }, ["client_secret"]],
  [
    "a certificate",
    {
      clientSecret: undefined,
      clientCertificate: { privateKey: own.privateKeyPem, publicCertificate: own.certificatePem },
    },
    ["client_assertion"],
  ],
  [
    "a function, such as a managed identity",
    { clientSecret: undefined, clientAssertion: async () => "a.managed.identity" },
    ["client_assertion"],
  ],
])("the blueprint proves itself with %s, in the first leg only", async (_, auth, names) => {
  await ask(stage.app({ auth }));
  await ask(stage.app({ auth }), asItself);
  const proofs = stage.sent.map(({ leg, form }) => [
    leg,
    ["client_secret", "client_assertion"].filter((name) => form[name] !== undefined),
  ]);
  const proof = ["client_assertion"];
  expect(proofs).toEqual([
    ["t1", names],
    ["t2", proof],
    ["user", proof],
    ["t1", names],
    ["app", proof],
  ]);
  const [, ...others] = stage.sent.filter(({ leg }) => leg !== "t1");
  expect(others.map(({ form }) => form["client_assertion"])).not.toContain("a.managed.identity");
});

describe("a caller who leaves", () => {
  it.each(["t1", "t2", "user"])("in the leg %s does not take the others along", async (leg) => {
    const [door, controller] = [gate(), new AbortController()];
    stage.arrived = (request) => (request.leg === leg ? door.opened : undefined);
    const leaving = ask(app, { signal: controller.signal });
    const staying = ask(app);
    await eventually(() => stage.sent.some((request) => request.leg === leg));
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ errorCode: "request_aborted" });
    door.open();
    expect(await staying).toMatchObject({ fromCache: false, tenantId: tenant });
    expect(stage.legs()).toEqual(["t1", "t2", "user"]);
  });

  it("as the last one ends the call, so that nothing more is sent", async () => {
    const [door, controller] = [gate(), new AbortController()];
    stage.arrived = (request) => (request.leg === "t1" ? door.opened : undefined);
    const leaving = ask(app, { signal: controller.signal });
    await eventually(() => stage.sent.length === 1);
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ errorCode: "request_aborted" });
    door.open();
    await new Promise((resolve) => setTimeout(resolve));
    expect(stage.legs()).toEqual(["t1"]);
  });
});
