// llms.txt, a table of contents for coding agents, and llms-full.txt, the guides in one file. The site serves both.
import { pages, repository, sections } from "./pages.mjs";

/** Pages about the library itself: an agent that writes an app does not need them. */
const aboutTheHouse = ["architecture", "conformance", "performance", "security", "differences"];

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
  const texts = all
    .filter(({ path }) => !aboutTheHouse.includes(path))
    .map(({ path, text }) => `<!-- docs/${path}.md -->\n\n${compact(text)}\n`);
  return { "llms.txt": [head, ...contents].join("\n"), "llms-full.txt": [head, ...texts].join("\n") };
}

/** @param {string} text without the blanks that align its tables */
const compact = (text) =>
  text.trim().replace(/^\|.*\|$/gm, (row) =>
    row
      .replace(/ {2,}\|/g, " |")
      .replace(/\| {2,}/g, "| ")
      .replace(/-{4,}/g, "---"),
  );
