import { createHash } from "node:crypto";
import { html, raw } from "hono/html";

type Html = ReturnType<typeof html>;

/** Builds a self-contained page without scripts or external assets. */
export function layout(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        <main>${content}</main>
        <footer>Tessera local authority, for development and tests. Do not type a real password here.</footer>
      </body>
    </html>`;
}

/** The colours of all pages, light and dark. */
export const palette = `
:root{--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--ground:#f3f4f6;--accent:#0a5cad;--alarm:#a4262c;--good:#1a7f37;--chosen:#e8f1fb}
@media (prefers-color-scheme:dark){:root{--ink:#f0f3f6;--soft:#aab4be;--line:#444c56;--paper:#22272e;--ground:#16191d;--accent:#6cb6ff;--alarm:#ff8182;--good:#57ab5a;--chosen:#2d3c4e}}
`;

const style = `${palette}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:1rem;padding:1rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,"Segoe UI",sans-serif}
main{width:100%;max-width:27.5rem;padding:clamp(1.25rem,8vw,2.5rem);overflow-wrap:anywhere;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;box-shadow:0 2px 12px #0002}
h1{margin:0 0 .25rem;font-size:1.5rem;font-weight:600}h2{margin:1.5rem 0 0;font-size:1.125rem}h3{margin:.75rem 0 0;font-size:1rem}
p{margin:.5rem 0}.soft,footer{color:var(--soft);font-size:.875rem}small{display:block;margin-top:1rem;color:var(--soft)}footer{max-width:27.5rem;text-align:center}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
input:not([type=hidden]){width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--soft);border-radius:.4rem}
input[aria-invalid=true]{border-color:var(--alarm)}
a{color:var(--accent)}
.actions button.quiet{order:-1}
.actions{display:flex;flex-wrap:wrap;justify-content:flex-end;gap:.75rem;margin-top:1.75rem}
button{max-width:100%;padding:.55rem 1.5rem;font:inherit;font-weight:600;color:var(--paper);background:var(--accent);border:1px solid var(--accent);border-radius:.4rem;cursor:pointer}
button.quiet{color:var(--ink);background:transparent;border-color:var(--soft)}
:is(input,button,a):focus-visible{outline:3px solid var(--accent);outline-offset:2px}
[role=alert]{margin:1rem 0 0;padding:.6rem .8rem;color:var(--alarm);border:1px solid var(--alarm);border-radius:.4rem}
.choices{list-style:none;padding:0}.choices button{width:100%;margin-bottom:.5rem;text-align:left}.choices .soft{display:block;font-weight:400}
ul{margin:.75rem 0;padding-left:1.25rem}code{overflow-wrap:anywhere;font-size:.875rem}
`;

// Raw, since the hash in the policy covers every byte between the tags.
const styleElement = raw(`<style>${style}</style>`);

/** Returns how a content security policy names a style or a script that the page contains. */
export function sourceHash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** Headers of every page: no framing, and no resources except its own style and, if given, one script. */
export function pageHeaders(script?: string): Record<string, string> {
  const scripts = script === undefined ? "" : `; script-src ${sourceHash(script)}`;
  return {
    "Content-Security-Policy": `default-src 'none'; style-src ${sourceHash(style)}${scripts}; base-uri 'none'; frame-ancestors 'none'`,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    // With "no-referrer", browsers would submit the page's forms with the origin "null".
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    Pragma: "no-cache",
  };
}
