import type { Option } from "./options.js";

export const profile: Option = {
  name: "profile",
  short: "p",
  value: "NAME",
  text: "the profile (TESSERA_PROFILE; default, or the only one)",
};

export const store: Option = {
  name: "store",
  value: "STORE",
  choices: ["keychain", "passphrase", "file"],
  text: "where tokens are kept: keychain, passphrase (TESSERA_PASSPHRASE_FILE), file (not encrypted) (TESSERA_STORE; keychain)",
};

/** Options of every command. */
export const COMMON: readonly Option[] = [
  { name: "verbose", text: "say more: log lines, and the causes of an error" },
  { name: "plain", text: "no colors, no spinner, no QR code, as for screen readers (TESSERA_PLAIN)" },
  { name: "help", short: "h", text: "print this help" },
];

export const noPrompt: Option = {
  name: "no-prompt",
  text: "never ask the user to sign in; exit with 3 instead",
};

export const PROVIDER: readonly Option[] = [
  { name: "authority", value: "URL", text: "a tenant of Microsoft Entra, B2C, External ID, or an AD FS" },
  { name: "issuer", value: "URL", text: "the issuer of any other OpenID Provider" },
  {
    name: "preset",
    value: "PRESET",
    text: "auth0:DOMAIN[,AUDIENCE], cognito:POOL, github, google, keycloak:URL,REALM, okta:DOMAIN[,SERVER], zitadel:DOMAIN",
  },
  { name: "client-id", value: "ID", text: "the client ID of the registration" },
  { name: "ca", value: "FILE", text: "certificates to trust in addition, as PEM" },
];

export const MACHINE: readonly Option[] = [
  { name: "client-secret-env", value: "NAME", text: "an app, with the secret in this environment variable" },
  {
    name: "certificate",
    value: "FILE",
    text: "an app, with the certificate and key in this file (PEM, PFX)",
  },
  { name: "federated-token-file", value: "FILE", text: "a workload, with the token in this file" },
  { name: "managed-identity", text: "the managed identity of this machine" },
  { name: "default", text: "whatever identity this machine has" },
];

export const scope: Option = {
  name: "scope",
  short: "s",
  value: "SCOPE",
  many: true,
  text: "a scope; may be repeated (the profile's)",
};
export const resource: Option = { name: "resource", value: "URL", text: "the API, in place of scopes" };
export const account: Option = { name: "account", value: "USER", text: "the user, if several are signed in" };

export const CURL: readonly Option[] = [
  { name: "request", short: "X", value: "METHOD", text: "the method (GET, or POST with data)" },
  { name: "header", short: "H", value: "LINE", many: true, text: "a header, or @FILE with one in each line" },
  { name: "data", short: "d", value: "DATA", many: true, text: "the body, @FILE, or @- for standard input" },
  { name: "data-raw", value: "DATA", many: true, text: "the body, also if it begins with @" },
  { name: "data-binary", value: "DATA", many: true, text: "as --data, with line breaks as they are" },
  { name: "json", value: "DATA", many: true, text: "as --data, with the headers for JSON" },
  { name: "get", short: "G", text: "send the data in the query" },
  { name: "head", short: "I", text: "only the headers" },
  { name: "include", short: "i", text: "print the headers of the response" },
  { name: "location", short: "L", text: "follow redirects; the token goes to bound hosts only" },
  { name: "fail", short: "f", text: "exit with 1 if the status is 400 or more" },
  { name: "output", short: "o", value: "FILE", text: "write the body to a file" },
  { name: "silent", text: "accepted, and has no effect" },
  { name: "max-time", short: "m", value: "SECONDS", text: "end the request after so many seconds" },
];

export const HELPERS = ["git", "docker", "kubectl", "aws", "azure"] as const;
