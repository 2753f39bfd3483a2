// A server that repeats what it was sent: the secret is cut from the error, in whichever form it was sent.
// proves: core/src/http/hide-secrets.ts
import { expect, it } from "@jest/globals";
import { hideSecretsOf } from "../../packages/core/src/http/hide-secrets.js";

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });

it.each<[string, Parameters<typeof hideSecretsOf>[0], string]>([
  ["in a form", { headers: {}, body: "client_secret=a%20secret%2Fof-1" }, "a secret/of-1"],
  [
    "in a form, as it was encoded",
    { headers: {}, body: "client_secret=a%20secret%2Fof-1" },
    "a%20secret%2Fof-1",
  ],
  ["with HTTP Basic", { headers: basic("app:the-secret-0123") }, "the-secret-0123"],
  ["with HTTP Basic, where it is form-encoded", { headers: basic("app:a+secret%2Fof-1") }, "a secret/of-1"],
  [
    "with HTTP Basic, as the whole header",
    { headers: basic("app:the-secret-0123") },
    basic("app:the-secret-0123").authorization,
  ],
  ["as a bearer token", { headers: { Authorization: "Bearer the-token-0123" } }, "the-token-0123"],
])("a secret that is sent %s is hidden", (_, request, secret) => {
  const shown = hideSecretsOf(request)(`the client sent ${secret} as its secret`);
  expect(shown).not.toContain(secret);
  expect(shown).toMatch(/^the client sent .*\(hidden\).* as its secret$/);
});
