import { missingPackage } from "../missing-package.js";

/** The package that calls the operating system's libraries. */
export interface Koffi extends Pick<
  typeof import("koffi"),
  "address" | "inout" | "load" | "out" | "pointer" | "struct"
> {
  /** Copies bytes from an address. */
  decode(address: unknown, type: "uint8_t", length: number): Uint8Array;
}

/** A function of a library. */
export interface Native {
  (...values: readonly unknown[]): unknown;
  async(...valuesAndCallback: readonly unknown[]): unknown;
}

/**
 * Loads the package from where this one is installed, or beside a bundle: bundlers do not follow it, because a native module
 * cannot be part of a bundle.
 *
 * @throws ClientConfigurationError `missing_dependency`
 */
export function loadKoffi(): Koffi {
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (cause) {
    throw missingPackage(
      "The Kerberos tickets of the operating system need the package koffi, which cannot be loaded",
      "npm install koffi, or pass negotiate",
      cause,
    );
  }
}

/** Calls a function on another thread, because it may send requests to a domain controller. */
export async function inBackground(native: Native, ...values: readonly unknown[]): Promise<number> {
  // The function gets addresses of what is in here: it must not be collected before the function has ended.
  const kept = [...values];
  try {
    return await new Promise((resolve, reject) => {
      native.async(...values, (error: Error | null, status: number) => {
        if (error) reject(error);
        else resolve(status);
      });
    });
  } finally {
    kept.length = 0;
  }
}
