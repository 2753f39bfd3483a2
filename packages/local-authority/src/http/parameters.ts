/** The parameters of a query or form. If a name is repeated, the first value is kept. */
export type Parameters = Readonly<Record<string, string>>;

export function readParameters(source: URLSearchParams): Parameters {
  const parameters: Record<string, string> = {};
  for (const [name, value] of source) if (!Object.hasOwn(parameters, name)) parameters[name] = value;
  return parameters;
}
