// The two sources that do more than one request needs: Azure Arc asks for a file, Service Fabric has a certificate of its
// own and can drop a revoked token.
// proves: node/src/managed-identity/azure-arc.ts, node/src/managed-identity/service-fabric.ts
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { makeCertificate } from "../support/certificates.js";
import {
  callBoth,
  ENVIRONMENTS,
  expectedFields,
  fieldsOf,
  ourApp,
  peersApp,
  setEnvironment,
  shown,
} from "../support/managed-identity-stage.js";
import {
  startMetadataEndpoint,
  token,
  type MetadataEndpoint,
  type MetadataResponse,
} from "../support/metadata-endpoint.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { describeWith } from "../support/real-part.js";

const resource = "https://vault.azure.net";
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
const userAssignedClientId = "30000000-0000-4000-8000-00000000C11E";

let restore = (): void => undefined;
afterEach(() => restore());

/** The folder of the agent, which only an administrator may write to. */
const folder = "/var/opt/azcmagent/tokens";
const file = `${folder}/tessera-${process.pid}.key`;
const isWritable = ((): boolean => {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, "the-secret-of-the-agent");
    return true;
  } catch {
    return false;
  }
})();

describeWith("the folder of the Azure Arc agent", isWritable, () => {
  let endpoint: MetadataEndpoint;
  beforeAll(async () => {
    endpoint = await startMetadataEndpoint();
  });
  afterAll(async () => {
    rmSync(file);
    await endpoint.close();
  });

  /** Answers as the agent does. */
  const agent =
    (body: object, challenge = `Basic realm=${file}`): MetadataEndpoint["respond"] =>
    ({ headers }): MetadataResponse => {
      if (headers["authorization"]) return { body };
      return challenge ? { status: 401, headers: { "www-authenticate": challenge } } : { status: 401 };
    };
  const both = (managedIdentityIdParams = {}) => {
    const environment = ENVIRONMENTS.AzureArc(endpoint.origin.replace("127.0.0.1", "localhost"));
    restore = setEnvironment(environment);
    return callBoth(endpoint, [{ resource }, { resource }], {
      managedIdentityIdParams,
      clientCapabilities: ["CP1"],
    });
  };

  test("is shown the content of the file that it names", async () => {
    endpoint.respond = agent(token());
    const { theirs, ours } = await both();
    expect(theirs.requests.map(({ headers }) => headers["authorization"])).toEqual([
      undefined,
      "Basic the-secret-of-the-agent",
    ]);
    expect(shown(ours)).toEqual(shown(theirs));
    expect(ours.values.map(fieldsOf)).toEqual(theirs.values.map(expectedFields));
  });

  test.each([
    [{ userAssignedClientId }, { client_id: userAssignedClientId.toLowerCase() }],
    [{ userAssignedObjectId: "an-object" }, { object_id: "An-Object" }],
    [{ userAssignedResourceId: "/a/b" }, { msi_res_id: "/A/b" }],
    [{ userAssignedResourceId: "/a/b" }, { mi_res_id: "/A/b" }],
    [{ userAssignedClientId }, {}],
    [{ userAssignedClientId }, { client_id: "another" }],
    [{ userAssignedObjectId: "an-object" }, { client_id: "an-object" }],
    [{ userAssignedResourceId: "/a/b" }, { msi_res_id: "/a/c", mi_res_id: "/a/b" }],
  ])("is asked for %j and answers %j", async (ids, echo) => {
    endpoint.respond = agent(token(echo));
    const { theirs, ours } = await both(ids);
    expect(shown(ours)).toEqual(shown(theirs));
    expect(ours.values.map(fieldsOf)).toEqual(theirs.values.map(expectedFields));
  });

  test.each([
    ["", "www_authenticate_header_missing"],
    ["Bearer realm=x", "www_authenticate_header_unsupported_format"],
    [`Basic realm=${folder}/agent.txt`, "invalid_file_extension"],
    ["Basic realm=/etc/agent.key", "invalid_file_path"],
    [`Basic realm=${folder}/../agent.key`, "invalid_file_path"],
    [`Basic realm=${folder}/absent.key`, "unable_to_read_secret_file"],
  ])("is refused the challenge %j with %s", async (challenge, code) => {
    endpoint.respond = agent(token(), challenge);
    const { theirs, ours } = await both();
    expect(theirs.values[0]).toMatchObject({ name: "ManagedIdentityError", errorCode: code });
    expect(shown(ours)).toEqual(shown(theirs));
    expect(ours.values.map(fieldsOf)).toEqual(theirs.values.map(expectedFields));
  });

  test("that refuses the secret is not asked again", async () => {
    endpoint.respond = () => ({
      status: 401,
      headers: { "www-authenticate": `Basic realm=${file}` },
      body: { error: "unauthorized", error_description: "no" },
    });
    const { theirs, ours } = await both();
    expect(shown(ours)).toEqual(shown(theirs));
    expect(ours.values.map(fieldsOf)).toEqual(theirs.values.map(expectedFields));
  });

  test("is named by getManagedIdentitySource()", () => {
    restore = setEnvironment(ENVIRONMENTS.AzureArc(endpoint.origin));
    expect(peersApp().getManagedIdentitySource()).toBe("AzureArc");
    expect(ourApp().getManagedIdentitySource()).toBe("AzureArc");
  });
});

describe("Service Fabric", () => {
  const certificate = makeCertificate({ subject: "localhost", dnsNames: ["localhost"] });
  let endpoint: MetadataEndpoint;
  let networkClient: PeerNetwork;
  beforeAll(async () => {
    endpoint = await startMetadataEndpoint({
      key: certificate.privateKeyPem,
      cert: certificate.certificatePem,
    });
    networkClient = peerNetwork(certificate.certificatePem);
  });
  afterAll(async () => {
    await networkClient.close();
    await endpoint.close();
  });
  const both = (calls: Parameters<typeof callBoth>[1], configuration = {}) => {
    restore = setEnvironment({
      ...ENVIRONMENTS.ServiceFabric(endpoint.origin.replace("127.0.0.1", "localhost")),
      IDENTITY_SERVER_THUMBPRINT: certificate.thumbprintSha1Hex,
    });
    // The peer compares no thumbprint, and has to be told to trust the certificate.
    return callBoth(endpoint, calls, configuration, { networkClient });
  };

  test.each([
    ["for a resource", [{ resource }, { resource }], {}],
    ["with capabilities", [{ resource }], { clientCapabilities: ["CP1", "CP2"] }],
    ["for a client id", [{ resource }], { managedIdentityIdParams: { userAssignedClientId } }],
    ["for an object id", [{ resource }], { managedIdentityIdParams: { userAssignedObjectId: "an-object" } }],
    ["for a resource id", [{ resource }], { managedIdentityIdParams: { userAssignedResourceId: "/a/b" } }],
  ])("is asked %s", async (_, calls, configuration) => {
    const { theirs, ours } = await both(calls, configuration);
    expect(theirs.requests.length).toBe(1);
    expect(shown(ours)).toEqual(shown(theirs));
    expect(ours.values.map(fieldsOf)).toEqual(theirs.values.map(expectedFields));
  });

  test.each([
    ["with claims and a cached token", [{ resource }, { resource, claims }], 1],
    ["with claims and no cached token", [{ resource, claims }], 0],
    [
      "with claims and a token for another resource",
      [{ resource: "https://other" }, { resource, claims }],
      0,
    ],
    ["with claims, forced", [{ resource }, { resource, claims, forceRefresh: true }], 0],
    ["forced", [{ resource }, { resource, forceRefresh: true }], 0],
  ])("is told the hash of the revoked token only %s", async (_, calls, count) => {
    endpoint.respond = ({ query }) => ({
      body: token({
        access_token: "test_token",
        resource: new URLSearchParams(query.map(([...pair]) => pair)).get("resource"),
      }),
    });
    const { theirs, ours } = await both(calls);
    const hashes = theirs.requests.flatMap(({ query }) =>
      query.filter(([key]) => key === "token_sha256_to_refresh"),
    );
    const hash = createHash("sha256").update("test_token").digest("hex");
    expect(hashes).toEqual(Array.from({ length: count }, () => ["token_sha256_to_refresh", hash]));
    expect(shown(ours)).toEqual(shown(theirs));
  });
});
