import { html } from "hono/html";
import { layout } from "./layout.js";

export interface SignInPage {
  readonly action: string;
  readonly pendingId: string;
  readonly appName: string;
  readonly tenantName: string;
  /** The user's domain, if an AD FS verifies its passwords. */
  readonly federatedDomain?: string;
  /** `true` for a B2C page, which has buttons to cancel and to reset the password. */
  readonly isUserFlow: boolean;
  readonly username: string;
  readonly error?: string;
}

/** The form for username and password. Errors are announced, and the first field to fill in has the focus. */
export function signInPage(page: SignInPage) {
  const { action, pendingId, appName, tenantName, federatedDomain, isUserFlow, username, error } = page;
  const invalid = error === undefined ? "false" : "true";
  const field = username === "" ? "username" : "password";
  const autofocus = (name: string) => (name === field ? html` autofocus` : "");
  return layout(
    error === undefined ? "Sign in" : "Error: Sign in",
    html`
      <h1>Sign in</h1>
      <p class="soft">to ${appName}, with an account of ${tenantName}</p>
      ${
        federatedDomain === undefined
          ? ""
          : html`<p>
              ${federatedDomain} is a federated domain: this page stands in for the domain's own sign-in page.
            </p>`
      }
      ${error === undefined ? "" : html`<p role="alert" id="error">${error}</p>`}
      <form method="post" action="${action}">
        <input type="hidden" name="ctx" value="${pendingId}" />
        <label for="username">Account</label>
        <input
          id="username"
          name="username"
          type="email"
          value="${username}"
          autocomplete="username"
          aria-invalid="${invalid}"
          ${error === undefined ? "" : html`aria-describedby="error"`}
          required${autofocus("username")}
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          aria-invalid="${invalid}"
          ${error === undefined ? "" : html`aria-describedby="error"`}
          required${autofocus("password")}
        />
        <div class="actions">
          ${isUserFlow ? html`${exitButton("forgot-password", "Forgot your password?")}${exitButton("cancel", "Cancel")}` : ""}
          <button type="submit">Sign in</button>
        </div>
      </form>
    `,
  );
}

/** A button that submits the form without validation. */
function exitButton(decision: string, label: string) {
  return html`<button type="submit" name="decision" value="${decision}" class="quiet" formnovalidate>
    ${label}
  </button>`;
}
