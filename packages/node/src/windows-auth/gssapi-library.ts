import type { Koffi, Native } from "./load-koffi.js";

/** A `gss_buffer_desc`; `value` is bytes, or an address that the library has written. */
export interface GssBuffer {
  length: number | bigint;
  value: unknown;
}

/** An address that a function has written. */
export type Handle = [unknown];

/** The functions of GSSAPI (RFC 2744 §5) that a client needs. Each returns a major status, and writes a minor one. */
export interface GssapiLibrary {
  readonly importName: Native;
  readonly inquireCredential: Native;
  readonly displayName: Native;
  readonly initContext: Native;
  readonly deleteContext: Native;
  readonly displayStatus: Native;
  readonly releaseName: Native;
  readonly releaseBuffer: Native;
}

/** Where the library is, by platform: MIT's, then Heimdal's. */
export const GSSAPI_LIBRARIES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["/System/Library/Frameworks/GSS.framework/GSS"],
  linux: ["libgssapi_krb5.so.2", "libgssapi.so.3"],
  freebsd: ["libgssapi.so", "libgssapi_krb5.so"],
};

/** The type of a parameter. */
type Type = string | ReturnType<Koffi["out"] | Koffi["pointer"]>;

/** @throws Error if the library is not there */
export function openGssapi(koffi: Koffi, path: string, packing: number | undefined): GssapiLibrary {
  const library = koffi.load(path);
  const { pointer, out, inout } = koffi;
  const { oid, buffer, bindings } = gssapiTypes(koffi, packing);
  const status = "uint32_t";
  const minor = out(pointer("uint32_t"));
  const number = out(pointer("uint32_t"));
  const handle = "void *";
  const newHandle = out(pointer("void *"));
  const changedHandle = inout(pointer("void *"));
  const newBuffer = out(pointer(buffer));
  const declared = (name: string, parameters: Type[]): Native => library.func(name, status, parameters);
  return {
    importName: declared("gss_import_name", [minor, pointer(buffer), pointer(oid), newHandle]),
    inquireCredential: declared("gss_inquire_cred", [minor, handle, newHandle, handle, handle, handle]),
    displayName: declared("gss_display_name", [minor, handle, newBuffer, handle]),
    initContext: declared("gss_init_sec_context", [
      ...[minor, handle, changedHandle, handle, pointer(oid), "uint32_t", "uint32_t"],
      ...[pointer(bindings), handle, handle, newBuffer, number, number],
    ]),
    deleteContext: declared("gss_delete_sec_context", [minor, changedHandle, handle]),
    displayStatus: declared("gss_display_status", [
      ...[minor, "uint32_t", "int", handle, inout(pointer("uint32_t")), newBuffer],
    ]),
    releaseName: declared("gss_release_name", [minor, changedHandle]),
    releaseBuffer: declared("gss_release_buffer", [minor, inout(pointer(buffer))]),
  };
}

/**
 * The structures of RFC 2744 (§3.2, §3.3, §3.11).
 *
 * @param packing the largest alignment of a member, if the platform's header limits it
 */
export function gssapiTypes({ struct }: Pick<Koffi, "struct">, packing?: number) {
  const aligned = (type: string): string | [number, string] =>
    packing === undefined ? type : [packing, type];
  const oid = struct({ length: "uint32_t", elements: aligned("uint8_t *") });
  const buffer = struct({ length: aligned("size_t"), value: aligned("void *") });
  const bindings = struct({
    initiatorAddressType: "uint32_t",
    initiatorAddress: buffer,
    acceptorAddressType: "uint32_t",
    acceptorAddress: buffer,
    applicationData: buffer,
  });
  return { oid, buffer, bindings };
}

/** Apple's header packs the structures on Intel processors. */
export function gssapiPacking(platform: NodeJS.Platform, arch: string): number | undefined {
  return platform === "darwin" && arch === "x64" ? 2 : undefined;
}
