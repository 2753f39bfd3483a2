// @ts-check
import { NextResponse } from "next/server";
import { site } from "./site.mjs";

/**
 * Keeps sessions going: a page of Next.js cannot set cookies.
 *
 * @param {Request} request
 */
export async function proxy(request) {
  return site().web.renew(request, NextResponse.next());
}

export const config = { matcher: ["/((?!auth/|_next/).*)"] };
