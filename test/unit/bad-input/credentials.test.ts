// Who the client is, and what it proves itself with: one credential on a server, none on a device.
// proves: node/src/check-configuration.ts, node/src/credential/credential.ts
import { describe, expect, it } from "@jest/globals";
import { ClientAuthError } from "@tessera/node";
import {
  clientSecret,
  expectConfigurationError,
  refusal,
  secretWord,
  thrownBy,
  type Part,
} from "./refusal.js";

describe("a client id", () => {
  it.each<[string, unknown]>([
    ["missing", undefined],
    ["null", null],
    ["empty", ""],
    ["blank", "  "],
    ["a number", 42],
  ])("that is %s is refused", (_, clientId) => {
    for (const kind of ["public", "confidential"] as const) {
      const says = /^auth\.clientId is missing or empty: pass the client id/;
      expectConfigurationError(refusal(kind, { clientId }), "client_id_missing", says);
    }
  });

  it.each<[string, unknown]>([
    ["no configuration", undefined],
    ["an empty configuration", {}],
    ["auth that is null", { auth: null }],
  ])("with %s is refused", (_, configuration) => {
    expectConfigurationError(thrownBy("public", configuration), "client_id_missing", /^auth\.clientId/);
    expect(thrownBy("confidential", configuration).errorCode).toMatch(
      /^(client_id_missing|invalid_client_credential)$/,
    );
  });
});

describe("a credential", () => {
  it.each<[string, Part, RegExp]>([
    ["no credential", { clientSecret: undefined }, /^auth.*clientSecret/],
    ["an empty secret", { clientSecret: "" }, /^auth.*clientSecret/],
    [
      "two credentials",
      { clientAssertion: "eyJ" },
      /^auth has clientSecret and clientAssertion: set exactly one/,
    ],
    ["three credentials", { clientAssertion: "eyJ", clientCertificate: {} }, /set exactly one/],
  ])("is needed in a confidential client, and only one: it is refused with %s", (_, auth, says) => {
    const error = refusal("confidential", auth);
    expect(error).toBeInstanceOf(ClientAuthError);
    expect(error).toMatchObject({ errorCode: "invalid_client_credential" });
    expect(error.errorMessage).toMatch(says);
    expect(error.message).not.toContain(secretWord);
  });

  it("cannot be announced for a public client", () => {
    const post = { clientMetadata: { token_endpoint_auth_method: "client_secret_post" } };
    const hs256 = { clientMetadata: { id_token_signed_response_alg: "HS256" } };
    expectConfigurationError(refusal("public", post), "invalid_option", /is "client_secret_post"/);
    expectConfigurationError(
      refusal("public", hs256),
      "invalid_option",
      /HS256 requires a confidential client/,
    );
  });
});
