// llms.txt, a table of contents for coding agents, and llms-full.txt, the guides in one file. The site serves both.
import { posix } from "node:path";
import { pages, repository, sections } from "./pages.mjs";

/** Pages about the making of the packages: an agent that writes an app does not need them. */
const aboutTheHouse = ["architecture", "conformance", "performance", "local-authority-parity"];

const head = `# Tessera

> OAuth 2.0 and OpenID Connect for Node.js: acquires, caches and renews tokens. The API is that of @azure/msal-node 7.2. Works with Microsoft Entra (also B2C, External ID, AD FS) and any OpenID Provider.

Install \`@tessera/node\`. Use \`ConfidentialClientApplication\` for servers, daemons and APIs, \`PublicClientApplication\` for programs on a user's device, \`ManagedIdentityApplication\` on Azure hosts. Create one application object per process. Call the acquire method each time a token is needed: it answers from the cache, renews in time, and shares concurrent requests; never store tokens yourself. For Entra set \`authority\`; for every other provider set \`oidcAuthority\` or spread a preset such as \`...keycloak({ url, realm })\` into \`auth\`. Errors are typed: look at \`errorCode\`, never at the message. For tests, \`startLocalAuthority()\` of \`@tessera/local-authority\` is an identity provider on localhost.
`;

/** The two files, by name. */
export function llmsFiles() {
  const all = pages();
  const contents = sections.map(([section]) => {
    const lines = all
      .filter((page) => page.section === section)
      .map(({ path, title, summary }) => `- [${title}](${repository}/blob/main/docs/${path}.md): ${summary}`);
    return `## ${/** @type {string} */ (section)}\n\n${lines.join("\n")}\n`;
  });
  const guides = all.filter(({ path }) => !aboutTheHouse.includes(path));
  const texts = guides.map((page) => `${marked(page)}\n`);
  const index = guides.map(
    ({ path, title, summary }, at) =>
      `- docs/${path}.md, "${title}", ${Math.ceil((texts[at] ?? "").length / 1000)} kB: ${summary}`,
  );
  const table = `## Contents\n\nEach guide begins with its heading, followed by a comment that names its file.\n\n${index.join("\n")}\n`;
  return { "llms.txt": [head, ...contents].join("\n"), "llms-full.txt": [head, table, ...texts].join("\n") };
}

/**
 * A guide with its file behind the heading, and links that lead somewhere without the repository.
 *
 * @param {import("./pages.mjs").Page} page
 */
function marked({ path, text }) {
  const [heading = "", ...rest] = compact(text).split("\n");
  const linked = rest.join("\n").replace(/\]\((?![a-z]+:)([^)\s]*)\)/g, (_, /** @type {string} */ link) => {
    const [target = "", anchor] = link.split("#");
    const file = target === "" ? `docs/${path}.md` : posix.join("docs", posix.dirname(path), target);
    return `](${repository}/blob/main/${file}${anchor ? `#${anchor}` : ""})`;
  });
  return `${heading}\n\n<!-- docs/${path}.md -->\n${linked}`;
}

/** @param {string} text without the blanks that align its tables */
const compact = (text) =>
  text.trim().replace(/^\|.*\|$/gm, (row) =>
    row
      .replace(/ {2,}\|/g, " |")
      .replace(/\| {2,}/g, "| ")
      .replace(/-{4,}/g, "---"),
  );
