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
    page("You are signed in", "You can close this window and return to the application.", "good")
  );
}

/** Returns the page for a failed sign-in. */
export function errorPage({ errorTemplate }: PageTemplates, reason: string): string {
  return errorTemplate ?? page("The sign-in failed", `${reason} ${AGAIN}`, "alarm");
}

const AGAIN = "Go back to the application if you want to try again.";

/** Returns the page for a repeated response, during or after processing of the first. */
export function repeatedPage(): string {
  return page(
    "This sign-in is already being completed",
    "You can close this window and return to the application.",
    "calm",
  );
}

/** Returns the page for a response that belongs to another sign-in. */
export function foreignResponsePage(): string {
  return page(
    "This sign-in link is out of date",
    "Close this window, and continue in the one that the application opened last.",
    "alarm",
  );
}

/** Returns the page for any other address of the server. */
export function otherAddressPage(): string {
  return page(
    "There is nothing at this address",
    "It only receives the response of a sign-in. Return to the window that the application opened, or to the application itself.",
    "calm",
  );
}

function page(title: string, text: string, mood: "good" | "alarm" | "calm"): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
:root { --ink: #1b1f24; --line: #d0d7de; --paper: #fff; --ground: #f3f4f6; --good: #107c10; --alarm: #a4262c; --calm: #57606a; }
@media (prefers-color-scheme: dark) { :root { --ink: #f0f3f6; --line: #444c56; --paper: #22272e; --ground: #16191d;
  --good: #6bc46d; --alarm: #ff8182; --calm: #aab4be; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; justify-content: center;
  padding: 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", sans-serif; }
main { width: 100%; max-width: 27.5rem; padding: clamp(1.25rem, 8vw, 2.5rem); overflow-wrap: anywhere;
  background: var(--paper); border: 1px solid var(--line); border-top: 4px solid var(--${mood}); border-radius: .75rem;
  box-shadow: 0 2px 12px #0002; }
h1 { font-size: 1.5rem; font-weight: 600; margin: 0 0 .5rem; }
p { margin: 0; }
a { color: inherit; }
</style>
</head>
<body><main><h1>${escapeHtml(title)}</h1><p>${withLinks(text)}</p></main></body>
</html>`;
}

/** A URL in the provider's text. A quoted URL may come from the request, so it does not become a link. */
const ADDRESS = /(?<=^|[ (])(https:\/\/[^\s'"<>]*[^\s'"<>.,;:!?)\]])/;

function withLinks(text: string): string {
  const parts = text.split(ADDRESS).map(escapeHtml);
  return parts
    .map((part, index) => (index % 2 === 1 ? `<a href="${part}" rel="noreferrer">${part}</a>` : part))
    .join("");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
