// The tickets of Windows come from SSPI. What is shown here is structure: the functions and structures as the headers of
// Windows declare them, and what is called in which order. No Windows has run this.
// proves: node/src/windows-auth/sspi.ts, node/src/windows-auth/sspi-library.ts, node/src/windows-auth/sspi-structures.ts
import { describe, expect, test } from "@jest/globals";
import koffi from "koffi";
import type { Native } from "../../packages/node/src/windows-auth/load-koffi.js";
import {
  openSecur32,
  SECUR32_FUNCTIONS,
  type Secur32,
} from "../../packages/node/src/windows-auth/sspi-library.js";
import { sspiTickets } from "../../packages/node/src/windows-auth/sspi.js";

/** A `secur32.dll` that reads what it gets as C would, by addresses, on a processor with pointers of a size. */
function fakeWindows(arch: "x64" | "ia32") {
  const size = arch === "x64" ? 8 : 4;
  const memory = new Map<bigint, Buffer>();
  const address = (bytes: Buffer): bigint => {
    const at = BigInt(0x1000 * (memory.size + 1));
    memory.set(at, bytes);
    return at;
  };
  const pointed = (structure: Buffer): Buffer => {
    const at = size === 8 ? structure.readBigUInt64LE(8) : BigInt(structure.readUInt32LE(8));
    const found = memory.get(at);
    if (!found) throw new Error("the pointer leads nowhere");
    return found;
  };
  /** `SecBufferDesc` (sspi.h): version 0, one buffer of a type. */
  const bufferOf = (desc: Buffer, type: number): { readonly buffer: Buffer; readonly bytes: Buffer } => {
    const buffer = pointed(desc);
    const lengths = [
      desc.length,
      desc.readUInt32LE(0),
      desc.readUInt32LE(4),
      buffer.length,
      buffer.readUInt32LE(4),
    ];
    expect(lengths).toEqual([8 + size, 0, 1, 8 + size, type]);
    return { buffer, bytes: pointed(buffer).subarray(0, buffer.readUInt32LE(0)) };
  };
  const calls: string[] = [];
  const seen: { target?: unknown; bindings?: Buffer } = {};
  const status = { acquire: 0, init: 0x90312, user: 1 };
  const native = (name: string, run: (values: readonly unknown[]) => number): Native =>
    Object.assign(
      (...values: readonly unknown[]) => {
        calls.push(name);
        return run(values);
      },
      {
        async: (...values: readonly unknown[]) => {
          const callback = values.at(-1) as (error: null, result: number) => void;
          calls.push(name);
          callback(null, run(values.slice(0, -1)));
        },
      },
    );
  const secur32: Secur32 = {
    acquireCredentials: native("acquire", (values) => {
      const [principal, sspiPackage, use, , , , , handle, expiry] = values;
      expect(values).toHaveLength(SECUR32_FUNCTIONS.acquireCredentials[2].length);
      expect([principal, sspiPackage, use]).toEqual([null, "Negotiate", 2]);
      expect([(handle as Buffer).length, (expiry as Buffer).length]).toEqual([2 * size, 8]);
      (handle as Buffer).fill(7);
      return status.acquire;
    }),
    initContext: native("init", (values) => {
      expect(values).toHaveLength(SECUR32_FUNCTIONS.initContext[2].length);
      const [handle, context, target, , , representation, input, , created, output] = values;
      expect([context, representation, (created as Buffer).length]).toEqual([null, 0x10, 2 * size]);
      expect((handle as Buffer)[0]).toBe(7);
      seen.target = target;
      if (input) seen.bindings = bufferOf(input as Buffer, 14).bytes;
      const { buffer, bytes } = bufferOf(output as Buffer, 2);
      buffer.writeUInt32LE(bytes.write("the token"), 0);
      return status.init;
    }),
    deleteContext: native("delete", () => 0),
    freeCredentials: native("free", (values) => {
      expect((values[0] as Buffer)[0]).toBe(7);
      return 0;
    }),
    userName: native("user", (values) => {
      const [format, name, length] = values;
      expect([format, (length as Buffer).readUInt32LE(0) * 2]).toEqual([8, (name as Buffer).length]);
      (name as Buffer).write("grace@partner.example", "utf16le");
      (length as Buffer).writeUInt32LE(21, 0);
      return status.user;
    }),
  };
  return {
    tickets: sspiTickets(secur32, { address: address as typeof koffi.address }, arch),
    calls,
    seen,
    status,
  };
}

describe.each(["x64", "ia32"] as const)("on %s", (arch) => {
  test("a ticket is asked for by the service principal name, and everything is freed", async () => {
    const { tickets, calls, seen } = fakeWindows(arch);
    const token = await tickets.ticket({ service: "HTTP@sts.contoso.com" });
    expect(Buffer.from(token, "base64").toString()).toBe("the token");
    expect(seen).toEqual({ target: "HTTP/sts.contoso.com" });
    expect(calls).toEqual(["acquire", "init", "delete", "free"]);
  });

  test("a ticket is bound to the TLS connection by SEC_CHANNEL_BINDINGS", async () => {
    const { tickets, seen } = fakeWindows(arch);
    const channelBinding = Buffer.from("tls-server-end-point:hash");
    await tickets.ticket({ service: "HTTP@sts.contoso.com", channelBinding });
    const { bindings = Buffer.alloc(0) } = seen;
    const [length = 0, offset = 0] = [24, 28].map((at) => bindings.readUInt32LE(at));
    expect(bindings.subarray(0, 24)).toEqual(Buffer.alloc(24));
    expect(bindings.subarray(offset, offset + length)).toEqual(channelBinding);
    expect([offset, bindings.length]).toEqual([32, 32 + channelBinding.length]);
  });

  test.each([
    ["acquire", 0x8009030e, "SEC_E_NO_CREDENTIALS", ["acquire"]],
    ["init", 0x80090303, "SEC_E_TARGET_UNKNOWN", ["acquire", "init", "free"]],
    ["init", 0x80090304, "0x80090304", ["acquire", "init", "free"]],
  ] as const)(
    "a failure to %s is told with its status, and nothing leaks",
    async (step, code, shown, steps) => {
      const { tickets, calls, status } = fakeWindows(arch);
      status[step] = code | 0;
      await expect(tickets.ticket({ service: "HTTP@sts.contoso.com" })).rejects.toMatchObject({
        errorCode: "integrated_windows_authentication_failed",
        errorMessage: expect.stringContaining(shown),
      });
      expect(calls).toEqual(steps);
    },
  );

  test("the user's name is that of the directory, where there is one", async () => {
    const { tickets, status } = fakeWindows(arch);
    expect(await tickets.principal()).toBe("grace@partner.example");
    status.user = 0;
    expect(await tickets.principal()).toBeUndefined();
  });
});

test("every function is declared as in the headers, in types that koffi knows", () => {
  const declared: unknown[] = [];
  const library = {
    func: (...values: readonly unknown[]) => {
      const [convention, name, result, parameters] = values as [string, string, string, string[]];
      const { proto } = koffi.proto(name, result, parameters);
      declared.push([convention, name, proto?.result.name, proto?.arguments.length]);
      return () => 0;
    },
  };
  openSecur32({
    load: (path) => {
      expect(path).toBe("secur32.dll");
      return library as never;
    },
  });
  expect(declared).toEqual([
    ["__stdcall", "AcquireCredentialsHandleW", "int32_t", 9],
    ["__stdcall", "InitializeSecurityContextW", "int32_t", 12],
    ["__stdcall", "DeleteSecurityContext", "int32_t", 1],
    ["__stdcall", "FreeCredentialsHandle", "int32_t", 1],
    ["__stdcall", "GetUserNameExW", "uint8_t", 3],
  ]);
});
