interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly parameters?: readonly Parameter[] }>>>>;
}

/**
 * The paths of every GET in the API's OpenAPI document, with that document itself and the page that shows it.
 * @param values the value of each parameter, by `route name` or by name only
 */
export async function everyGet(url: string, values: Readonly<Record<string, string>>): Promise<string[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  const routes = Object.entries(paths).flatMap(([path, { get }]) =>
    get ? [{ path, parameters: get.parameters }] : [],
  );
  const addresses = routes.map(({ path, parameters = [] }) => {
    const value = (name: string): string => {
      const found = values[`${path} ${name}`] ?? values[name];
      if (found === undefined) throw new Error(`GET ${path} needs a value for ${name}`);
      return encodeURIComponent(found);
    };
    const query = parameters.filter((p) => p.in === 'query' && p.required).map(({ name }) => `${name}=${value(name)}`);
    return (
      path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => value(name)) +
      (query.length > 0 ? `?${query.join('&')}` : '')
    );
  });
  return [...addresses, '/openapi.json', '/docs', '/docs/'];
}
