import { promises } from "node:fs";
import { join } from "node:path";
import { isRecord, parseJsonObject, textIn } from "@tessera/core/internal";
import type { AccountFiles, CommandLine, PrintedToken } from "./command-line.js";
import { requireName, requireScopes } from "./foreign-scopes.js";
import { homeFolder } from "./home-folder.js";

/** Which sign-in of the Google Cloud CLI to use. */
export interface GoogleCloudCliOptions {
  /** One of several accounts that are signed in; the active one by default. */
  readonly account?: string;
}

const SCOPES = /^https:\/\/(?:[\w-]+\.)?(?:googleapis|google)\.com\/.*$/;

/** The Google Cloud CLI, `gcloud`. */
export function googleCloudCli({ account }: GoogleCloudCliOptions): CommandLine {
  requireName("account", account);
  return {
    name: "Google Cloud CLI",
    program: "gcloud",
    install: "install the Google Cloud CLI, https://cloud.google.com/sdk, and run gcloud auth login",
    signIn: "gcloud auth login",
    signs: [
      {
        text: /do not currently have an active account selected|not currently have any credentialed/,
        means: "not_signed_in",
      },
      { text: /Reauthentication |refreshing your current auth tokens/, means: "interaction_required" },
    ],
    accountFiles: googleCloudFiles,
    identity: () => {
      const { CLOUDSDK_ACTIVE_CONFIG_NAME = "", CLOUDSDK_CORE_ACCOUNT = "" } = process.env;
      return `${account ?? CLOUDSDK_CORE_ACCOUNT}\n${CLOUDSDK_ACTIVE_CONFIG_NAME}`;
    },
    override: async (request) => {
      requireScopes(request, SCOPES, "Google");
      return account === undefined ? tokenFile() : undefined;
    },
    arguments(request) {
      requireScopes(request, SCOPES, "Google");
      // Unlike `auth print-access-token`, this command also tells the expiry.
      const command = ["config", "config-helper", "--format", "json", "--quiet"];
      return account === undefined ? command : [...command, "--account", account];
    },
    read(output) {
      const credential = parseJsonObject(output)?.["credential"];
      if (!isRecord(credential)) return undefined;
      const { access_token: accessToken, token_expiry: expiry } = credential;
      const expiresOn = Date.parse(textIn(expiry));
      if (typeof accessToken !== "string" || accessToken === "" || !Number.isFinite(expiresOn))
        return undefined;
      return { accessToken, expiresOn };
    },
  };
}

/** The file wins over the sign-in. It is read at each call: its token is replaced without notice. */
async function tokenFile(): Promise<PrintedToken | undefined> {
  const path = process.env["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"];
  if (!path) return undefined;
  const accessToken = (await promises.readFile(path, "utf8")).trim();
  return { accessToken };
}

function googleCloudFiles(): readonly AccountFiles[] {
  const { CLOUDSDK_CONFIG, APPDATA } = process.env;
  const folder =
    CLOUDSDK_CONFIG ||
    (process.platform === "win32" && APPDATA && join(APPDATA, "gcloud")) ||
    homeFolder(".config", "gcloud");
  return [
    { folder, names: /^active_config$/ },
    { folder: join(folder, "configurations"), names: /^config_/ },
  ];
}
