// @ts-check
import { NextResponse } from "next/server";
import { site } from "./site.mjs";

/**
 * Keeps sessions going, because a page of Next.js cannot set cookies; and serves the API's metadata.
 *
 * @param {Request} request
 */
export async function proxy(request) {
  const { web, api } = site();
  return (await api.handle(request)) ?? web.renew(request, NextResponse.next());
}

export const config = { matcher: ["/((?!auth/|_next/).*)"] };
