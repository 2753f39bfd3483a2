import { html } from "hono/html";
import { layout } from "./layout.js";

/** An error that must not be redirected, with its trace IDs. */
export function errorPage(text: string) {
  return layout(
    "Sign in: error",
    html`
      <h1>Sorry, but we’re having trouble signing you in.</h1>
      <p role="alert">${text}</p>
    `,
  );
}

export function signedOutPage() {
  return layout(
    "Signed out",
    html`
      <h1>You signed out of your account</h1>
      <p class="soft">It’s a good idea to close all browser windows.</p>
    `,
  );
}
