import { html } from "hono/html";
import { layout } from "./layout.js";

export interface SignInPage {
  readonly action: string;
  readonly pendingId: string;
  readonly appName: string;
  readonly tenantName: string;
  /** The domain, when its passwords are checked by an AD FS. */
  readonly federatedDomain?: string;
  /** `true`: a page of B2C, which can be left. */
  readonly isUserFlow: boolean;
  readonly username: string;
  readonly error?: string;
}

/** Account and password. An error is announced, and the focus is where the user has to type. */
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
          : html`<p>${federatedDomain} is a federated domain: this page stands for its own sign-in page.</p>`
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
          ${isUserFlow ? html`${leave("forgot-password", "Forgot your password?")}${leave("cancel", "Cancel")}` : ""}
          <button type="submit">Sign in</button>
        </div>
      </form>
    `,
  );
}

/** A button that needs no field filled in. */
function leave(decision: string, label: string) {
  return html`<button type="submit" name="decision" value="${decision}" class="quiet" formnovalidate>
    ${label}
  </button>`;
}
