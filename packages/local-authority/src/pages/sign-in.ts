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
  /** The users that can sign in here. */
  readonly users: readonly { readonly name: string; readonly username: string }[];
  readonly username: string;
  readonly error?: string;
}

/** Users to choose from; the console lists all of them. */
const LONGEST_LIST = 10;

/** The form for username and password, and the users to sign in as with one click. Errors are announced, and the first field to fill in has the focus. */
export function signInPage(page: SignInPage) {
  const { action, pendingId, appName, tenantName, federatedDomain, isUserFlow, users, username, error } =
    page;
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
          ${/* First, because the Enter key presses the first button of a form. */ ""}
          <button type="submit">Sign in</button>
          ${isUserFlow ? html`${exitButton("forgot-password", "Forgot your password?")}${exitButton("cancel", "Cancel")}` : ""}
        </div>
        ${
          users.length === 0
            ? ""
            : html`<h2>Test users</h2>
                <ul class="choices">
                  ${users.slice(0, LONGEST_LIST).map(userButton)}
                </ul>`
        }
        ${users.length > LONGEST_LIST ? html`<p class="soft"><a href="/#directory">All ${users.length} users</a></p>` : ""}
      </form>
    `,
  );
}

/** A button that signs a user in without typing. */
function userButton({ name, username }: SignInPage["users"][number]) {
  return html`<li>
    <button type="submit" name="user" value="${username}" class="quiet" formnovalidate>
      ${name} <span class="soft">${username}</span>
    </button>
  </li>`;
}

/** A button that submits the form without validation. */
function exitButton(decision: string, label: string) {
  return html`<button type="submit" name="decision" value="${decision}" class="quiet" formnovalidate>
    ${label}
  </button>`;
}
