// Which principals of Kerberos are user principal names, and how GSSAPI's structures lie in memory.
// proves: node/src/windows-auth/user-principal-name.ts, node/src/windows-auth/gssapi-library.ts
import { describe, expect, test } from "@jest/globals";
import koffi, { type TypeObject } from "koffi";
import { gssapiPacking, gssapiTypes } from "../../packages/node/src/windows-auth/gssapi-library.js";
import { userPrincipalName } from "../../packages/node/src/windows-auth/user-principal-name.js";

test.each([
  ["grace@PARTNER.EXAMPLE", "grace@partner.example"],
  ["Grace.Hopper@Corp.Partner.Example", "Grace.Hopper@corp.partner.example"],
  // Of a realm that is not a DNS domain.
  ["grace@PARTNER", undefined],
  // A service, a host, and an administrator's second name.
  ["HTTP/sts.partner.example@PARTNER.EXAMPLE", undefined],
  ["grace/admin@PARTNER.EXAMPLE", undefined],
  // An enterprise name within a realm.
  ["grace\\@partner.example@CORP.EXAMPLE", undefined],
  ["WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS", undefined],
  ["grace", undefined],
  ["@PARTNER.EXAMPLE", undefined],
  ["", undefined],
])("%s stands for the user %s", (principal, name) => {
  expect(userPrincipalName(principal)).toBe(name);
});

describe("the structures of GSSAPI", () => {
  const offsets = (type: TypeObject): readonly (number | string)[] => [
    type.size,
    ...Object.values(type.members ?? {}).map(({ offset }) => offset),
  ];

  test("lie in memory as C lays them out", () => {
    const { oid, buffer, bindings } = gssapiTypes(koffi, gssapiPacking("linux", "x64"));
    expect([oid, buffer, bindings].map(offsets)).toEqual([
      [16, 0, 8],
      [16, 0, 8],
      [64, 0, 8, 24, 32, 48],
    ]);
  });

  test("are packed by two bytes on a Mac with an Intel processor, as Apple's header says", () => {
    const { oid, buffer, bindings } = gssapiTypes(koffi, gssapiPacking("darwin", "x64"));
    expect([oid, buffer, bindings].map(offsets)).toEqual([
      [12, 0, 4],
      [16, 0, 8],
      [56, 0, 4, 20, 24, 40],
    ]);
    expect(gssapiPacking("darwin", "arm64")).toBeUndefined();
  });
});
