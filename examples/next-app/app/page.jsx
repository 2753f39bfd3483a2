// @ts-check
import { pageRequest, site } from "../site.mjs";

export default async function Home() {
  const request = await pageRequest("/");
  const user = await site().web.user(request);
  // Links and not `<Link>`: Next.js would load the sign-in ahead, and so begin it.
  if (!user) {
    return (
      <>
        <p id="who">nobody</p>
        <p>
          <a href="/auth/sign-in">Sign in</a>
        </p>
      </>
    );
  }
  return (
    <>
      <p id="who">{user.username}</p>
      <p>
        <a href="/payments">Payments</a> <a href="/vault">Vault</a>
      </p>
      <form method="post" action="/auth/sign-out">
        <button>Sign out</button>
      </form>
    </>
  );
}
