import { headers } from "next/headers";
import { site } from "../site/web.js";
export default async function Page() {
  const request = new Request(process.env.BASE_URL + "/", { headers: await headers() });
  const user = await site().web.user(request);
  return user ? <main><p id="who">{user.username}</p><form method="post" action="/auth/sign-out"><button>Sign out</button></form></main> : <main><p id="who">nobody</p><a href="/auth/sign-in">Sign in</a></main>;
}
