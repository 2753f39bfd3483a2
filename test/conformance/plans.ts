/** A run of modules with the same settings: what the suite calls a variant. */
export interface Variant {
  readonly responseType: ResponseType;
  /** How the response comes; by default in the query, or in the fragment if it has an ID token. */
  readonly responseMode?: "form_post" | "jwt";
  readonly clientAuth: "none" | "client_secret_basic" | "private_key_jwt" | "self_signed_tls_client_auth";
  /** How access tokens are bound to the client. */
  readonly senderConstrain?: "dpop" | "mtls";
  readonly profile?: "fapi2";
}

export type ResponseType =
  "code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token";

/** Modules that run together. */
export interface Run {
  readonly variant: Variant;
  readonly modules: readonly string[];
}

/** A certification plan of the OpenID Foundation's conformance suite for relying parties. */
export interface Plan {
  readonly name: string;
  readonly runs: readonly Run[];
}

const oidcc = (...names: readonly string[]) => names.map((name) => `oidcc-client-test-${name}`);
const success = "oidcc-client-test";
const claims = ["invalid-iss", "missing-sub", "invalid-aud", "missing-iat"];
const keys = ["kid-absent-single-jwks", "kid-absent-multiple-jwks"];
const rs256 = ["idtoken-sig-rs256", "invalid-sig-rs256"];
const userInfo = ["userinfo-bearer-header", "userinfo-bearer-body", "userinfo-invalid-sub"];
const nonce = ["nonce-unless-code-flow", "nonce-invalid"];
const accessTokenHash = ["invalid-athash", "missing-athash"];
const codeHash = ["invalid-chash", "missing-chash"];
const webFinger = ["discovery-webfinger-acct", "discovery-webfinger-url"];
const discovery = ["discovery-openid-config", "discovery-jwks-uri-keys", "discovery-issuer-mismatch"];
const rotation = ["signing-key-rotation-just-before-signing", "signing-key-rotation"];
const requestUri = ["request-uri-signed-rs256", "request-uri-signed-none"];

const basic = [
  success,
  ...oidcc(...claims, ...keys, ...rs256, "idtoken-sig-none", ...userInfo),
  ...oidcc("nonce-invalid", "scope-userinfo-claims", "client-secret-basic"),
];
const implicitIdToken = [success, ...oidcc(...claims, ...keys, ...rs256, ...nonce, "scope-userinfo-claims")];
const implicitToken = [...implicitIdToken, ...oidcc(...accessTokenHash, ...userInfo)];
const hybridToken = [...implicitIdToken, ...oidcc(...userInfo, "client-secret-basic")];
const hybridIdToken = [...hybridToken, ...oidcc(...codeHash)];
const hybridBoth = [...hybridIdToken, ...oidcc(...accessTokenHash)];

const backChannel = oidcc(
  "rp-backchannel-rpinitlogout",
  "rp-backchannel-rpinitlogout-alg-none",
  "rp-backchannel-rpinitlogout-no-event",
  "rp-backchannel-rpinitlogout-with-nonce",
  "rp-backchannel-rpinitlogout-wrong-alg",
  "rp-backchannel-rpinitlogout-wrong-aud",
  "rp-backchannel-rpinitlogout-wrong-event",
  "rp-backchannel-rpinitlogout-wrong-iss",
);
const logout = [
  ...oidcc("session-management", "rp-init-logout", "rp-init-logout-other-state", "rp-init-logout-no-state"),
  ...oidcc("rp-frontchannel-rpinitlogout", "rp-frontchannel-opinitlogout"),
  ...backChannel,
];

const jarm = [
  "without-iss-fails",
  "with-invalid-iss-fails",
  "without-aud-fails",
  "with-invalid-aud-fails",
  "without-exp-fails",
  "with-expired-exp-fails",
  "with-invalid-sig-fails",
].map((name) => `fapi2-security-profile-final-client-test-ensure-jarm-${name}`);
const fapi2 = [
  "happy-path",
  "discovery-issuer-mismatch",
  "invalid-iss",
  "invalid-aud",
  "invalid-secondary-aud",
  "invalid-null-alg",
  "invalid-alternate-alg",
  "invalid-expired-exp",
  "invalid-missing-exp",
  "invalid-missing-aud",
  "invalid-missing-iss",
  "valid-aud-as-array",
  "invalid-nonce",
  "invalid-missing-nonce",
  "invalid-authorization-response-iss",
  "remove-authorization-response-iss",
  "ensure-authorization-response-with-invalid-state-fails",
  "ensure-authorization-response-with-invalid-missing-state-fails",
  "token-endpoint-response-without-expires_in",
  "token-type-case-insensitivity",
  "rs-dpop-auth-scheme-case-insensitivity",
  "happy-path-no-dpop-nonce",
  "invalid-openbanking-intent-id",
].map((name) => `fapi2-security-profile-final-client-test-${name}`);
const fapi2Refresh = "fapi2-security-profile-final-client-refresh-token-test";
const fapi2MessageSigning = [
  ...fapi2,
  ...jarm,
  "fapi2-security-profile-final-client-test-ensure-jarm-signature-is-not-none",
  fapi2Refresh,
];

const secretBasic = { clientAuth: "client_secret_basic" } as const;
const certification = (profile: string) => `oidcc-client-${profile}-certification-test-plan`;

/** The runs of a profile, once more with the response in a form. */
const inForms = (runs: readonly Run[]): readonly Run[] =>
  runs.map(({ variant, modules }) => ({ variant: { ...variant, responseMode: "form_post" }, modules }));

const basicRuns: readonly Run[] = [{ variant: { responseType: "code", ...secretBasic }, modules: basic }];
const implicitRuns: readonly Run[] = [
  { variant: { responseType: "id_token", ...secretBasic }, modules: implicitIdToken },
  { variant: { responseType: "id_token token", ...secretBasic }, modules: implicitToken },
];
const hybridRuns: readonly Run[] = [
  { variant: { responseType: "code id_token", ...secretBasic }, modules: hybridIdToken },
  { variant: { responseType: "code token", ...secretBasic }, modules: hybridToken },
  { variant: { responseType: "code id_token token", ...secretBasic }, modules: hybridBoth },
];
const fapi2Variants = [
  { clientAuth: "private_key_jwt", senderConstrain: "dpop" },
  { clientAuth: "private_key_jwt", senderConstrain: "mtls" },
  { clientAuth: "self_signed_tls_client_auth", senderConstrain: "dpop" },
  { clientAuth: "self_signed_tls_client_auth", senderConstrain: "mtls" },
] as const;

/** The plans for relying parties, with the modules that the conformance suite lists for each. */
export const plans: readonly Plan[] = [
  { name: certification("basic"), runs: basicRuns },
  { name: certification("implicit"), runs: implicitRuns },
  { name: certification("hybrid"), runs: hybridRuns },
  { name: certification("formpost-basic"), runs: inForms(basicRuns) },
  { name: certification("formpost-implicit"), runs: inForms(implicitRuns) },
  { name: certification("formpost-hybrid"), runs: inForms(hybridRuns) },
  {
    name: certification("config"),
    runs: [
      {
        variant: { responseType: "code", ...secretBasic },
        modules: oidcc(...discovery, "idtoken-sig-none", ...rotation),
      },
    ],
  },
  {
    name: certification("dynamic"),
    runs: [
      {
        variant: { responseType: "code", ...secretBasic },
        modules: [
          ...oidcc(...webFinger, ...discovery, "dynamic-registration", ...requestUri),
          ...oidcc("idtoken-sig-none", ...rotation, "userinfo-signed"),
        ],
      },
    ],
  },
  {
    name: "oidcc-client-test-plan",
    runs: [
      {
        variant: { responseType: "code", clientAuth: "none" },
        modules: [
          ...basic.filter((name) => !name.endsWith("client-secret-basic")),
          ...oidcc("missing-aud", "invalid-sig-hs256", "invalid-sig-es256"),
          ...oidcc("aggregated-claims", "distributed-claims", ...discovery, ...rotation, "userinfo-signed"),
        ],
      },
      {
        variant: { responseType: "code", ...secretBasic },
        modules: oidcc("missing-aud", "invalid-sig-hs256", "invalid-sig-es256"),
      },
      {
        variant: { responseType: "code", responseMode: "form_post", ...secretBasic },
        modules: oidcc("form-post-error"),
      },
      {
        variant: { responseType: "code", clientAuth: "self_signed_tls_client_auth" },
        modules: oidcc("mtls-endpoint-aliases"),
      },
    ],
  },
  {
    name: "oidcc-client-refreshtoken-test-plan",
    runs: [
      {
        variant: { responseType: "code", ...secretBasic },
        modules: oidcc("refresh-token", "refresh-token-invalid-issuer", "refresh-token-invalid-sub"),
      },
    ],
  },
  {
    name: "oidcc-client-test-3rd-party-init-login-test-plan",
    runs: [
      {
        variant: { responseType: "code", ...secretBasic },
        modules: oidcc("3rd-party-init-login"),
      },
    ],
  },
  {
    name: "oidcc-client-logout-test-plan",
    runs: [
      { variant: { responseType: "code", ...secretBasic }, modules: logout },
      { variant: { responseType: "code id_token", ...secretBasic }, modules: logout },
    ],
  },
  {
    name: "fapi2-security-profile-final-client-test-plan",
    runs: fapi2Variants.map((variant) => ({
      variant: { responseType: "code", profile: "fapi2", ...variant },
      modules: [...fapi2, fapi2Refresh],
    })),
  },
  {
    name: "fapi2-message-signing-final-client-test-plan",
    runs: fapi2Variants.map((variant) => ({
      variant: { responseType: "code", responseMode: "jwt", profile: "fapi2", ...variant },
      modules: fapi2MessageSigning,
    })),
  },
];
