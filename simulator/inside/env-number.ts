/** A whole number from the environment. Throws on anything else, so that a typing error does not become the default. */
export function envNumber(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  if (!/^\d+$/.test(text)) throw new Error(`${name}: expected a whole number, found '${text}'`);
  return Number(text);
}
