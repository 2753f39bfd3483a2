import { html, raw } from "hono/html";
import type { RequestContext } from "../../http/request-context.js";
import { sourceHash } from "../../pages/layout.js";
import { isLoopbackHost } from "../../server/check-host.js";
import type { AuthorityState } from "../../state.js";
import { apiScript } from "./api-script.js";
import { forgeScript } from "./forge-script.js";
import { requestScript } from "./request-script.js";
import { settingScript } from "./setting-script.js";
import { style } from "./style.js";
import { tabScript } from "./tab-script.js";

/** One strict program, run after the page has been read. */
const script = `"use strict";(() => {${[apiScript, tabScript, requestScript, settingScript, forgeScript].join("\n")}})();`;

const sections: readonly (readonly [string, string])[] = [
  ["requests", "Requests"],
  ["directory", "Apps and users"],
  ["faults", "Faults"],
  ["clock", "Clock"],
  ["tokens", "Forge a token"],
  ["identities", "Managed identities"],
];

/** The console: a page of one file, which gets everything that it shows from `/_console`. */
export function consolePage(c: RequestContext, { url }: AuthorityState): Response | Promise<Response> {
  if (!isLoopbackHost(c.req.header("host"))) return c.text(`Open the console at ${url}/`, 421);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Tessera local authority</title>
        ${raw(`<style>${style}</style>`)}
      </head>
      <body>
        <header>
          <h1>Tessera local authority</h1>
          <p><code>${url}</code> <span id="time"></span> <span id="live" role="status">Connecting</span></p>
        </header>
        <nav role="tablist" aria-label="Console">
          ${sections.map(
            ([id, label], index) =>
              html`<button
                type="button"
                role="tab"
                id="tab-${id}"
                aria-controls="${id}"
                aria-selected="${index === 0}"
                tabindex="${index === 0 ? 0 : -1}"
              >
                ${label}
              </button>`,
          )}
        </nav>
        <main>
          ${sections.map(
            ([id], index) =>
              html`<section
                role="tabpanel"
                id="${id}"
                aria-labelledby="tab-${id}"
                ${index === 0 ? "" : raw("hidden")}
              ></section>`,
          )}
        </main>
        <p id="notice" role="status"></p>
        <noscript>The console needs JavaScript. Its endpoints, at /_console, do not.</noscript>
        ${raw(`<script>${script}</script>`)}
      </body>
    </html>`;
  return c.html(page, 200, headers);
}

/** No framing, nothing from elsewhere, and no way to turn a text that somebody sent into markup or a program. */
const headers: Readonly<Record<string, string>> = {
  "Content-Security-Policy": [
    "default-src 'none'",
    `style-src ${sourceHash(style)}`,
    `script-src ${sourceHash(script)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Frame-Options": "DENY",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};
