import { isRecord, parseJsonObject, textIn } from "@tessera/core/internal";
import { azureCliFiles } from "./azure-cli.js";
import { checkedArguments } from "./checked-arguments.js";
import type { CommandLine } from "./command-line.js";
import { homeFolder } from "./home-folder.js";
import { shownMessage } from "./shown-message.js";

/** The Azure Developer CLI, `azd`. */
export const azureDeveloperCli: CommandLine = {
  name: "Azure Developer CLI",
  program: "azd",
  install: "install the Azure Developer CLI, https://aka.ms/azd, and run azd auth login",
  signIn: "azd auth login",
  signs: [
    { text: /azd: (?:command )?not found|^'azd' is not recognized/, means: "not_installed" },
    { text: /not logged in, run `azd (?:auth )?login`/, means: "not_signed_in" },
    { text: /reauthentication required|must use multi-factor authentication/, means: "interaction_required" },
  ],
  accountFiles() {
    const folder = process.env["AZD_CONFIG_DIR"] || homeFolder(".azd");
    // `config.json` says whether azd asks the Azure CLI, whose account then counts.
    const own = { folder, names: /^(?:auth|config)\.json$/ };
    return [own, ...azureCliFiles().map((files) => ({ ...files, isOptional: true }))];
  },
  identity: () => "",
  arguments(request) {
    const { scopes, tenantId } = checkedArguments(request);
    const { claims } = request;
    return [
      ...["auth", "token", "--output", "json", "--no-prompt"],
      ...scopes.flatMap((scope) => ["--scope", scope]),
      ...(tenantId ? ["--tenant-id", tenantId] : []),
      ...(claims ? ["--claims", Buffer.from(claims).toString("base64")] : []),
    ];
  },
  signInAgain: ({ scopes, tenantId }) =>
    `azd auth login ${scopes.map((scope) => `--scope ${scope}`).join(" ")}${tenantId ? ` --tenant-id ${tenantId}` : ""}`,
  read(output) {
    const answer = parseJsonObject(output);
    const accessToken = answer?.["token"];
    const expiresOn = Date.parse(textIn(answer?.["expiresOn"]));
    if (typeof accessToken !== "string" || accessToken === "" || !Number.isFinite(expiresOn))
      return undefined;
    return { accessToken, expiresOn };
  },
  message: (errors) => shownMessage(messageIn(errors) ?? errors),
};

/** Since 1.24.0 a line has `error`; before, `data.message`. */
function messageIn(errors: string): string | undefined {
  const lines = errors
    .split("\n")
    .map(parseJsonObject)
    .filter((line) => line !== undefined);
  const texts: readonly unknown[] = [
    ...lines.map((line) => line["error"]),
    ...lines.map(({ ["data"]: data }) => (isRecord(data) ? data["message"] : undefined)),
  ];
  return texts.find((text): text is string => typeof text === "string" && text.trim() !== "");
}
