import { html, raw } from "hono/html";
import { layout } from "./layout.js";

/** Submits the form. Allowed by its hash in the page's Content-Security-Policy. */
export const submitScript = "document.forms[0].submit()";

const scriptElement = raw(`<script>${submitScript}</script>`);

/** The response as a self-submitting form (OAuth 2.0 Form Post Response Mode), with a button for browsers without scripts. */
export function formPostPage(action: string, fields: Readonly<Record<string, string>>) {
  return layout(
    "Working…",
    html`
      <h1>Working…</h1>
      <form method="post" action="${action}">
        ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
        <div class="actions"><button type="submit">Continue</button></div>
      </form>
      ${scriptElement}
    `,
  );
}
