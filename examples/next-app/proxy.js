import { NextResponse } from "next/server";
import { site } from "./site/web.js";
export async function proxy(request) {
  return site().web.renew(request, NextResponse.next());
}
export const config = { matcher: ["/((?!auth/|_next/).*)"] };
