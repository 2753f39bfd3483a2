import { interactionRequiredError, numberIn, parseJsonObject, textIn } from "@tessera/core/internal";
import type { AmbientTokenRequest } from "../source.js";
import { checkedArguments } from "./checked-arguments.js";
import type { AccountFiles, CommandLine, PrintedToken } from "./command-line.js";
import { homeFolder } from "./home-folder.js";

const DEFAULT = "/.default";

/** The Azure CLI, `az`. */
export const azureCli: CommandLine = {
  name: "Azure CLI",
  program: "az",
  install: "install the Azure CLI, https://aka.ms/azure-cli, and run az login",
  signIn: "az login",
  signs: [
    { text: /az: (?:command )?not found|^'az' is not recognized/, means: "not_installed" },
    { text: /az login --scope|Interactive authentication is needed/, means: "interaction_required" },
    { text: /az login|No subscription found|Can't find token from MSAL cache/, means: "not_signed_in" },
  ],
  accountFiles: azureCliFiles,
  identity: () => "",
  arguments(request) {
    const { scopes, tenantId } = checkedArguments(request);
    if (request.claims) throw claimsRequired(request);
    const [scope = ""] = scopes;
    const api =
      scopes.length === 1 && scope.endsWith(DEFAULT)
        ? ["--resource", scope.slice(0, -DEFAULT.length)]
        : ["--scope", ...scopes];
    const tenant = tenantId ? ["--tenant", tenantId] : [];
    return ["account", "get-access-token", "--output", "json", ...api, ...tenant];
  },
  signInAgain: ({ scopes, tenantId }) =>
    `az login --scope ${scopes.join(" ")}${tenantId ? ` --tenant ${tenantId}` : ""}`,
  read: readAnswer,
};

/** `msal_token_cache` and its like are written at each renewal, and do not change the account. */
export function azureCliFiles(): readonly AccountFiles[] {
  const folder = process.env["AZURE_CONFIG_DIR"] || homeFolder(".azure");
  return [{ folder, names: /^(?:azureProfile\.json|config|clouds\.config)$/ }];
}

/** The tool has no argument for a claims challenge: only a sign-in can satisfy it. */
function claimsRequired({ scopes, tenantId, claims = "", correlationId }: AmbientTokenRequest): Error {
  const tenant = tenantId ? ` --tenant ${tenantId}` : "";
  const challenge = Buffer.from(claims).toString("base64");
  const error = interactionRequiredError(
    "interaction_required",
    `The API demands a token with other claims: run az login --claims-challenge ${challenge} --scope ${scopes.join(" ")}${tenant}.`,
    { correlationId },
  );
  error.claims = claims;
  return error;
}

function readAnswer(output: string): PrintedToken | undefined {
  const answer = parseJsonObject(output);
  const accessToken = answer?.["accessToken"];
  if (typeof accessToken !== "string" || accessToken === "") return undefined;
  const seconds = numberIn(answer?.["expires_on"]);
  // Before 2.54.0, there was only the local time without a time zone.
  const expiresOn = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(textIn(answer?.["expiresOn"]));
  if (!Number.isFinite(expiresOn)) return undefined;
  const tenantId = answer?.["tenant"];
  return { accessToken, expiresOn, ...(typeof tenantId === "string" ? { tenantId } : {}) };
}
