/** Changes JSON as a merge patch says (RFC 7396): `null` removes a member. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    // Not by assignment, which gives `__proto__` another meaning.
    else Object.defineProperty(merged, name, { ...plain, value: mergePatch(merged[name], value) });
  }
  return merged;
}

const plain = { configurable: true, enumerable: true, writable: true };

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
