/** Parameters of a query or a form. A name that is sent twice keeps its first value. */
export type Parameters = Readonly<Record<string, string>>;

export function readParameters(source: URLSearchParams): Parameters {
  const parameters: Record<string, string> = {};
  for (const [name, value] of source) if (!Object.hasOwn(parameters, name)) parameters[name] = value;
  return parameters;
}
