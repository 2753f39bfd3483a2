// The names a program can import, types included, and the members they have: those of the peer's declarations.
// proves: node/src/msal/cache-types.ts, node/src/msal/client-interfaces.ts, node/src/requests.ts, node/src/msal/writable.ts,
// proves: node/src/authorization-response.ts, node/src/msal/msal-request.ts
import { expect, test } from "@jest/globals";
import ts from "typescript";
import { REQUEST_FIELDS } from "../../packages/core/src/request/request-fields.js";
import { compile, libraries } from "./compile.js";

const { program, file } = compile(
  libraries.map((library, index) => `import * as library${index} from "${library}";`).join("\n"),
);
const checker = program.getTypeChecker();
const [theirs, ours] = libraries.map((library) => exportsOf(library));
if (!theirs || !ours) throw new Error("the declarations were not read");

test("every name of the peer is there, except the ones known", () => {
  expect([...theirs.keys()].filter((name) => !ours.has(name)).sort()).toEqual([
    // The peer's own parts.
    "ClientAssertion",
    "internals",
  ]);
});

/** Members of the peer's that a program cannot use here, by what is the matter. */
const known: Readonly<Record<string, readonly string[]>> = {
  // The peer's own parts, or not implemented there either.
  CryptoProvider: [
    "base64UrlEncode is missing",
    "encodeKid is missing",
    "removeTokenBindingKey is missing",
    "clearKeystore is missing",
    "signTokenBindingJwt is missing",
  ],
  // Internal to the peer, and for browsers.
  AuthorizationUrlRequest: ["asymmetricEar is missing"],
  InteractiveRequest: ["asymmetricEar is missing", "openBrowser may be undefined"],
  // A session, or the code in the response, may take their place.
  OnBehalfOfRequest: ["oboAssertion may be undefined"],
  AuthorizationCodeRequest: ["code may be undefined"],
  NetworkRequestOptions: ["performanceClient is missing"],
  TokenCache: ["getCacheSnapshot is missing"],
};

const shared = [...theirs.keys()].filter((name) => ours.has(name));

test.each(shared)("%s has the peer's members, as free to be set and as sure to be there", (name) => {
  expect(differences(name)).toEqual(known[name] ?? []);
});

const isDeprecated = (member: ts.Symbol): boolean =>
  member.getJsDocTags(checker).some(({ name }) => name === "deprecated");

test("editors offer the fields for brokers and browsers last, because they are deprecated", () => {
  const useless = Object.entries(REQUEST_FIELDS)
    .filter(([, { cacheKey }]) => typeof cacheKey === "string" && /broker|browser/.test(cacheKey))
    .map(([name]) => name);
  expect(useless.length).toBeGreaterThan(12);
  // `NativeRequest` is what a broker's plugin receives.
  const requests = [...ours.keys()].filter((name) => name.endsWith("Request") && name !== "NativeRequest");
  expect(requests.length).toBeGreaterThan(20);
  const offered = requests.flatMap((request) =>
    [...membersOf(ours.get(request)).values()]
      .filter((field) => useless.includes(field.name) && !isDeprecated(field))
      .map(({ name }) => `${request}.${name}`),
  );
  expect(offered).toEqual([]);
  const fields = membersOf(ours.get("ClientCredentialRequest"));
  for (const name of ["scopes", "claims", "skipCache", "azureRegion", "tenantId", "signal", "timeoutMs"]) {
    const field = fields.get(name);
    expect([name, field && isDeprecated(field)]).toEqual([name, false]);
  }
});

test("`new` of each class that apps construct shows a summary, not tags alone", () => {
  const isInternal = (declaration: ts.SignatureDeclaration): boolean =>
    ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === "internal") ||
    (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Protected) !== 0;
  const signatures = [...ours.values()].flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    if (!(target.flags & ts.SymbolFlags.Class)) return [];
    const type = checker.getTypeOfSymbolAtLocation(target, file);
    return type.getConstructSignatures().map((signature) => [target.name, signature] as const);
  });
  // A class without a constructor of its own shows what is said of the class.
  const own = signatures.filter(([, { declaration }]) => declaration?.kind === ts.SyntaxKind.Constructor);
  expect(own.length).toBeGreaterThan(5);
  const silent = own.filter(
    ([, signature]) =>
      signature.getDocumentationComment(checker).length === 0 &&
      signature.declaration !== undefined &&
      !ts.isJSDocSignature(signature.declaration) &&
      !isInternal(signature.declaration),
  );
  expect(silent.map(([name]) => name)).toEqual([]);
});

function exportsOf(library: string): ReadonlyMap<string, ts.Symbol> {
  const specifier = file.statements
    .filter((statement) => ts.isImportDeclaration(statement))
    .map(({ moduleSpecifier }) => moduleSpecifier)
    .find((one) => ts.isStringLiteral(one) && one.text === library);
  const module = specifier && checker.getSymbolAtLocation(specifier);
  const symbols = module ? checker.getExportsOfModule(module) : [];
  return new Map(symbols.map((symbol) => [symbol.name, symbol]));
}

function differences(name: string): string[] {
  const [members, own] = [membersOf(theirs?.get(name)), membersOf(ours?.get(name))];
  return [...members.values()].flatMap((member) => {
    const here = own.get(member.name);
    if (!here) return [`${member.name} is missing`];
    if (isReadonly(here) && !isReadonly(member)) return [`${member.name} is read-only`];
    const demanded = !isOptional(here) && isOptional(member);
    const isUnsure = isOptional(here) && !isOptional(member);
    return [
      ...(demanded ? [`${member.name} is required`] : []),
      ...(isUnsure ? [`${member.name} may be undefined`] : []),
    ];
  });
}

/** What an instance, an object of the type, or the value itself has. */
function membersOf(symbol: ts.Symbol | undefined): ReadonlyMap<string, ts.Symbol> {
  if (!symbol) return new Map();
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const isType = target.flags & (ts.SymbolFlags.Type | ts.SymbolFlags.Class);
  const type = isType
    ? checker.getDeclaredTypeOfSymbol(target)
    : checker.getTypeOfSymbolAtLocation(target, file);
  // Of a union (`AzureCloudInstance`) only texts are left: they have no members to compare.
  const members = type.isUnion() ? [] : checker.getPropertiesOfType(type);
  return new Map(members.filter(isPublic).map((member) => [member.name, member]));
}

function isPublic(member: ts.Symbol): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return (member.declarations ?? []).every(
    (declaration) => (ts.getCombinedModifierFlags(declaration) & hidden) === 0,
  );
}

function isReadonly(member: ts.Symbol): boolean {
  const { checkFlags = 0 } = (member as { links?: { checkFlags?: number } }).links ?? {};
  // A member of a mapped type (ts.CheckFlags.Mapped) has a flag of its own (Readonly), whatever the original's modifiers.
  if ((checkFlags & 262144) !== 0) return (checkFlags & 8) !== 0;
  const declarations = member.declarations ?? [];
  const accessors = declarations.filter((one) => ts.isGetAccessor(one) || ts.isSetAccessor(one));
  return (
    // Constants of a namespace: the error codes.
    declarations.some((declaration) => ts.isVariableDeclaration(declaration)) ||
    declarations.some(
      (declaration) => (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Readonly) !== 0,
    ) ||
    (accessors.length > 0 && !accessors.some((one) => ts.isSetAccessor(one)))
  );
}

function isOptional(member: ts.Symbol): boolean {
  return (member.flags & ts.SymbolFlags.Optional) !== 0;
}
