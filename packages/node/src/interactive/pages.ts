/** HTML shown in the browser after a sign-in. */
export interface PageTemplates {
  /** HTML shown after the tokens have been received. */
  readonly successTemplate?: string | undefined;
  /** HTML shown after a failure. */
  readonly errorTemplate?: string | undefined;
}

/** Returns the page for a successful sign-in. */
export function successPage({ successTemplate }: PageTemplates): string {
  return (
    successTemplate ??
    page("You are signed in", "You can close this window and return to the application.", "#107c10")
  );
}

/** Returns the page for a failed sign-in. It names the error; details are left to the application. */
export function errorPage({ errorTemplate }: PageTemplates, reason: string): string {
  return (
    errorTemplate ??
    page("The sign-in failed", `${reason} Return to the application to try again.`, "#a80000")
  );
}

/** Returns the page for a repeated response, during or after processing of the first. */
export function repeatedPage(): string {
  return page(
    "This sign-in is already being completed",
    "You can close this window and return to the application.",
    "#605e5c",
  );
}

/** Returns the page for a response that belongs to another sign-in. */
export function foreignResponsePage(): string {
  return page(
    "This response belongs to another sign-in",
    "Close this window, and continue in the one the application opened last.",
    "#a80000",
  );
}

function page(title: string, text: string, color: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f3f2f1; color: #201f1e;
  font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
main { background: #fff; padding: 2.5rem 3rem; border-top: 4px solid ${color}; border-radius: 4px;
  box-shadow: 0 2px 8px rgb(0 0 0 / 12%); max-width: 28rem; }
h1 { font-size: 1.4rem; font-weight: 600; margin: 0 0 .5rem; }
p { margin: 0; }
</style>
</head>
<body><main role="main"><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p></main></body>
</html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
