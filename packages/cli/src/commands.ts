import {
  COMMON,
  CURL,
  HELPERS,
  MACHINE,
  PROVIDER,
  account,
  noPrompt,
  profile,
  resource,
  scope,
  store,
} from "./command-options.js";
import type { Grammar } from "./options.js";

/** A command: what it does, and how it is written. */
export interface Command extends Grammar {
  readonly name: string;
  /** What it does, in a line. */
  readonly text: string;
  readonly examples?: readonly string[];
  /** Values of its first positional. */
  readonly words?: readonly string[];
}

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: "login",
    text: "sign a user in, and remember it under a profile",
    usage:
      "tessera login --client-id ID (--authority URL | --issuer URL | --preset PRESET) [--scope SCOPE]...",
    examples: [
      "tessera login --authority https://login.microsoftonline.com/contoso.example --client-id ID --scope User.Read",
      "tessera login --profile work --issuer https://sso.contoso.example --client-id cli --device-code",
    ],
    options: [
      ...PROVIDER,
      scope,
      { name: "device-code", text: "sign in on another device" },
      {
        name: "browser",
        text: "sign in in a browser; without one here, print the address to open elsewhere",
      },
      { name: "redirect-uri", value: "URI", text: "where the browser comes back to (http://localhost)" },
      account,
      ...MACHINE,
      profile,
      store,
      ...COMMON,
    ],
    positionals: [0, 0],
  },
  {
    name: "token",
    text: "print a token: from the cache, renewed, or asked for",
    usage: "tessera token [--scope SCOPE]... [--output raw|json|header|env]",
    examples: [
      'curl -H "$(tessera token --output header)" https://graph.microsoft.com/v1.0/me',
      "tessera token --managed-identity --resource https://vault.azure.net",
    ],
    options: [
      scope,
      resource,
      account,
      {
        name: "output",
        short: "o",
        value: "FORM",
        choices: ["raw", "json", "header", "env"],
        text: "raw, json, header or env (raw)",
      },
      noPrompt,
      ...MACHINE,
      ...PROVIDER,
      profile,
      store,
      ...COMMON,
    ],
    positionals: [0, 0],
  },
  {
    name: "bind",
    text: "say which hosts may be sent this profile's tokens",
    usage: "tessera bind [HOST...] [--profile NAME]",
    examples: [
      "tessera bind api.contoso.example --scope orders.read",
      "tessera bind --remove api.contoso.example",
    ],
    options: [
      scope,
      { name: "username", value: "NAME", text: "user name for git and docker (oauth2)" },
      { name: "remove", text: "the hosts may no longer be sent tokens" },
      profile,
      ...COMMON,
    ],
    positionals: [0],
  },
  {
    name: "fetch",
    text: "send a request with a token to a bound host",
    usage: "tessera fetch URL [options of curl]",
    examples: [
      "tessera fetch https://graph.microsoft.com/v1.0/me",
      "tessera fetch https://api.example/orders --json '{}'",
    ],
    options: [...CURL, scope, resource, account, noPrompt, profile, store, ...COMMON],
    positionals: [1, 1],
  },
  {
    name: "accounts",
    text: "list who is signed in where",
    usage: "tessera accounts",
    options: [{ name: "json", text: "print JSON" }, store, ...COMMON],
    positionals: [0, 0],
  },
  {
    name: "logout",
    text: "sign out here, or at the provider as well",
    usage: "tessera logout [--everywhere]",
    options: [
      { name: "everywhere", text: "revoke the tokens at the provider, and end its session in the browser" },
      account,
      profile,
      store,
      ...COMMON,
    ],
    positionals: [0, 0],
  },
  {
    name: "inspect",
    text: "explain a token: header, claims, times, signature",
    usage: "tessera inspect [FILE|-]",
    examples: [
      "tessera token | tessera inspect",
      "tessera inspect token.txt --issuer https://sso.contoso.example",
    ],
    options: [
      {
        name: "issuer",
        value: "URL",
        text: "an issuer whose keys may be fetched, beside those of the profiles",
      },
      { name: "ca", value: "FILE", text: "certificates to trust in addition, as PEM" },
      { name: "json", text: "print JSON" },
      ...COMMON,
    ],
    positionals: [0, 1],
  },
  {
    name: "doctor",
    text: "look for what is wrong; holds nothing secret, for a support ticket",
    usage: "tessera doctor [--profile NAME]",
    options: [profile, store, ...COMMON],
    positionals: [0, 0],
  },
  {
    name: "credential",
    text: "give tokens to git, docker, kubectl, AWS and Azure tools",
    usage: "tessera credential git|docker|kubectl|aws|azure [get|store|erase|list]",
    words: HELPERS,
    examples: [
      'git config --global credential.helper "!tessera credential git"',
      "tessera credential aws --role-arn arn:aws:iam::123456789012:role/deploy",
    ],
    options: [
      { name: "role-arn", value: "ARN", text: "aws: the role" },
      { name: "session-name", value: "NAME", text: "aws: the name of the session (tessera)" },
      { name: "region", value: "REGION", text: "aws: the region of the service (AWS_REGION)" },
      { name: "duration", value: "SECONDS", text: "aws: how long the keys are good" },
      { name: "id-token", text: "kubectl: the ID token in place of the access token" },
      { name: "tenant", value: "TENANT", text: "azure: the tenant" },
      { name: "subscription", value: "ID", text: "azure: printed as it is" },
      { name: "output", short: "o", value: "FORM", choices: ["json"], text: "azure: json" },
      scope,
      resource,
      account,
      noPrompt,
      profile,
      store,
      ...COMMON,
    ],
    positionals: [1, 3],
  },
  {
    name: "dev",
    text: "start the local authority, with its console",
    usage: "tessera dev [--port NUMBER] [--emulate HOST]",
    options: [
      { name: "port", value: "NUMBER", text: "TCP port (any free port)" },
      { name: "http", text: "plain HTTP" },
      { name: "ca-file", value: "FILE", text: "write its CA certificate to a file" },
      { name: "config", value: "FILE", text: "its options, as JSON" },
      {
        name: "emulate",
        value: "HOST",
        text: "emulate a host with managed identities: imds, app-service, …",
      },
      { name: "format", value: "FORM", text: "the form of the host's variables: export, env, json" },
      { name: "json", text: "print JSON, also to a terminal" },
      ...COMMON,
    ],
    positionals: [0, 0],
  },
  {
    name: "completion",
    text: "print a script that completes command lines",
    usage: "tessera completion bash|zsh|fish",
    words: ["bash", "zsh", "fish"],
    examples: ['eval "$(tessera completion bash)"'],
    options: [...COMMON],
    positionals: [1, 1],
  },
];
