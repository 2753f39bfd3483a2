import { html, raw } from "hono/html";
import { layout } from "./layout.js";

/** Posts the form at once; allowed by its hash in the page's Content-Security-Policy. */
export const submitScript = "document.forms[0].submit()";

const scriptElement = raw(`<script>${submitScript}</script>`);

/** OAuth 2.0 Form Post Response Mode: an answer as a form that posts itself, or is posted by hand without JavaScript. */
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
