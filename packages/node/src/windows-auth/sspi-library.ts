import type { Koffi, Native } from "./load-koffi.js";

/** The functions of SSPI that a client needs. Structures are passed as bytes (see `sspi-structures.ts`). */
export interface Secur32 {
  readonly acquireCredentials: Native;
  readonly initContext: Native;
  readonly deleteContext: Native;
  readonly freeCredentials: Native;
  readonly userName: Native;
}

/** The functions with the types of their results and parameters, as `sspi.h` and `secext.h` declare them. */
export const SECUR32_FUNCTIONS: Readonly<
  Record<keyof Secur32, readonly [string, string, readonly string[]]>
> = {
  acquireCredentials: [
    "AcquireCredentialsHandleW",
    "int32_t",
    ["str16", "str16", "uint32_t", "void *", "void *", "void *", "void *", "void *", "void *"],
  ],
  initContext: [
    "InitializeSecurityContextW",
    "int32_t",
    [
      ...["void *", "void *", "str16", "uint32_t", "uint32_t", "uint32_t"],
      ...["void *", "uint32_t", "void *", "void *", "void *", "void *"],
    ],
  ],
  deleteContext: ["DeleteSecurityContext", "int32_t", ["void *"]],
  freeCredentials: ["FreeCredentialsHandle", "int32_t", ["void *"]],
  userName: ["GetUserNameExW", "uint8_t", ["int", "void *", "void *"]],
};

export function openSecur32(koffi: Pick<Koffi, "load">): Secur32 {
  const library = koffi.load("secur32.dll");
  const declared = (name: keyof Secur32): Native => {
    const [exported, result, parameters] = SECUR32_FUNCTIONS[name];
    return library.func("__stdcall", exported, result, [...parameters]);
  };
  return {
    acquireCredentials: declared("acquireCredentials"),
    initContext: declared("initContext"),
    deleteContext: declared("deleteContext"),
    freeCredentials: declared("freeCredentials"),
    userName: declared("userName"),
  };
}
