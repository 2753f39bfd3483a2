/** What the user sees in the browser after signing in. */
export interface PageTemplates {
  /** HTML shown when the tokens are there. */
  readonly successTemplate?: string | undefined;
  /** HTML shown when something went wrong. */
  readonly errorTemplate?: string | undefined;
}

/** The page after tokens were received. */
export function successPage({ successTemplate }: PageTemplates): string {
  return (
    successTemplate ??
    page("You are signed in", "You can close this window and return to the application.", "#107c10")
  );
}

/** The page when the sign-in failed. It names the error; details are for the application. */
export function errorPage({ errorTemplate }: PageTemplates, reason: string): string {
  return (
    errorTemplate ??
    page("The sign-in failed", `${reason} Return to the application to try again.`, "#a80000")
  );
}

/** The page for a second visit while or after the first is dealt with. */
export function repeatedPage(): string {
  return page(
    "This sign-in is already being completed",
    "You can close this window and return to the application.",
    "#605e5c",
  );
}

/** The page for an answer that belongs to another sign-in. */
export function strangerPage(): string {
  return page(
    "This answer belongs to another sign-in",
    "Close this window, and go on in the one the application opened last.",
    "#a80000",
  );
}

function page(title: string, text: string, colour: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f3f2f1; color: #201f1e;
  font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
main { background: #fff; padding: 2.5rem 3rem; border-top: 4px solid ${colour}; border-radius: 4px;
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
