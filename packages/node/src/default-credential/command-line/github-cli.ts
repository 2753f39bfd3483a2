import { join } from "node:path";
import type { AccountFiles, CommandLine } from "./command-line.js";
import { requireName, requireScopes } from "./foreign-scopes.js";
import { homeFolder } from "./home-folder.js";

/** Which sign-in of the GitHub CLI to use. */
export interface GithubCliOptions {
  /** Host of a GitHub Enterprise Server or of data residency; `GH_HOST` or `github.com` by default. */
  readonly hostname?: string;
  /** One of several accounts that are signed in; the active one by default. */
  readonly user?: string;
}

/** The OAuth scopes of GitHub, and URLs of its API. */
const SCOPES =
  /^(?:(?:admin|delete|manage_billing|manage_runners|read|repo|user|write):[a-z_]+|codespace|copilot|delete_repo|gist|notifications|project|public_repo|repo|repo_deployment|security_events|user|workflow|https:\/\/(?:api\.)?github\.com(?:\/.*)?)$/;

/** The GitHub CLI, `gh`. Its token is valid until it is revoked. */
export function githubCli({ hostname, user }: GithubCliOptions): CommandLine {
  requireName("hostname", hostname);
  requireName("user", user);
  const host = (): string => hostname ?? (process.env["GH_HOST"] || "github.com");
  return {
    name: "GitHub CLI",
    program: "gh",
    install: "install the GitHub CLI, https://cli.github.com, and run gh auth login, or set GH_TOKEN",
    signIn: "gh auth login",
    signs: [{ text: /no oauth token/i, means: "not_signed_in" }],
    accountFiles: githubCliFiles,
    identity: () => `${host()}\n${user ?? ""}`,
    // As in the tool, the variables count for the active account only.
    override: async (request) => {
      requireScopes(request, SCOPES, "GitHub");
      const accessToken = user === undefined ? tokenVariable(host()) : undefined;
      return accessToken === undefined ? undefined : { accessToken };
    },
    arguments(request) {
      requireScopes(request, SCOPES, "GitHub");
      const name = host();
      requireName("GH_HOST", name);
      return ["auth", "token", "--hostname", name, ...(user === undefined ? [] : ["--user", user])];
    },
    read(output) {
      const accessToken = output.trim();
      return accessToken === "" || /\s/.test(accessToken) ? undefined : { accessToken };
    },
  };
}

/** A token for github.com must not reach a company's own server, and the other way round. */
function tokenVariable(host: string): string | undefined {
  const isGithub = host === "github.com" || host.endsWith(".ghe.com");
  const [first, second] = isGithub
    ? ["GH_TOKEN", "GITHUB_TOKEN"]
    : ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
  return process.env[first] || process.env[second] || undefined;
}

function githubCliFiles(): readonly AccountFiles[] {
  const { GH_CONFIG_DIR, XDG_CONFIG_HOME, AppData, APPDATA = AppData } = process.env;
  const folder =
    GH_CONFIG_DIR ||
    (XDG_CONFIG_HOME && join(XDG_CONFIG_HOME, "gh")) ||
    (process.platform === "win32" && APPDATA && join(APPDATA, "GitHub CLI")) ||
    homeFolder(".config", "gh");
  return [{ folder, names: /^hosts\.yml$/ }];
}
