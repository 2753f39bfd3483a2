// The pages of the documentation in the order in which a reader meets them: for the site and for llms.txt.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const repository = "https://github.com/tessera-auth/tessera";

/**
 * Diátaxis: what a page is for decides where it stands. The longest kind, the how-to guides, is parted by what the reader
 * wants to do. Paths are below `docs`, without `.md`.
 */
export const sections = [
  ["Tutorials", ["tutorial", "getting-started", "local-authority"]],
  ["Decide", ["which-flow", "migration", "support"]],
  [
    "How to build an app",
    [
      ...["web-apps", "web-apis", "confidential-client", "public-client", "cli", "default-credential"],
      ...["managed-identity", "workload-identity", "agents", "mcp", "protected-resources"],
      ...[
        "token-exchange",
        "backchannel-authentication",
        "client-registration",
        "endpoints",
        "high-security",
      ],
    ],
  ],
  [
    "How to connect a provider",
    [
      ...["providers/README", "providers/entra", "providers/external-id", "providers/b2c", "providers/adfs"],
      ...["providers/auth0", "providers/okta", "providers/keycloak", "providers/google", "providers/cognito"],
      ...["providers/github", "providers/zitadel", "authorities", "oauth-servers"],
    ],
  ],
  ["How to test an app", ["testing", "local-authority-options", "console", "emulator"]],
  ["How to run it", ["troubleshooting", "persistence", "redis", "token-stores", "observability"]],
  [
    "How to move to it",
    [
      ...["migration/azure-identity", "migration/openid-client", "migration/passport-azure-ad"],
      ...["migration/express-openid-connect", "migration/adal"],
    ],
  ],
  [
    "Reference",
    [
      ...["reference", "configuration", "errors", "differences", "conformance"],
      ...["local-authority-protocol", "local-authority-errors", "local-authority-parity"],
    ],
  ],
  ["Explanation", ["caching", "reliability", "performance", "security", "architecture"]],
];

/**
 * @typedef {object} Page
 * @property {string} section
 * @property {string} path below `docs`, without `.md`
 * @property {string} title
 * @property {string} summary the first sentence
 * @property {string} text
 */

/** @returns {readonly Page[]} those that are there */
export function pages() {
  return sections.flatMap(([section, paths]) =>
    /** @type {readonly string[]} */ (paths).flatMap((path) => {
      const text = textOf(path);
      if (text === undefined) return [];
      const title = (/^# (.*)$/m.exec(text)?.[1] ?? path).replace(/`/g, "");
      const prose = text.slice(text.indexOf("\n")).replace(/^```.*?^```/gms, "");
      const paragraph = prose.split("\n\n").find((part) => /^\s*[\w`"[@]/.test(part)) ?? "";
      const plain = paragraph
        .trim()
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .replaceAll("\n", " ");
      const isProvider = path.startsWith("providers/") && path !== "providers/README";
      const summary = isProvider
        ? `A complete configuration for ${title}, and what is odd there.`
        : firstSentence(plain);
      return [{ section: /** @type {string} */ (section), path, title, summary, text }];
    }),
  );
}

/** @param {string} text */
const firstSentence = (text) => /^.*?[.:](?= |$)/.exec(text)?.[0].replace(/:$/, ".") ?? text;

/** @param {string} path */
function textOf(path) {
  try {
    return readFileSync(join(root, "docs", `${path}.md`), "utf8");
  } catch {
    return undefined;
  }
}
