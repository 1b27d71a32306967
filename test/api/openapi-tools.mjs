// What two tools of others say of an OpenAPI document, which comes on standard input: redocly's complaints, and the types
// that openapi-typescript makes of it. A process of its own, since both are ES modules, and the second asks for a `typescript`
// that can still be called: ts-morph's copy stands in for it.
import { register } from 'node:module';
import { text } from 'node:stream/consumers';

const stub = `data:text/javascript,${encodeURIComponent(`
  import morph from ${JSON.stringify(import.meta.resolve('@ts-morph/common'))};
  export default morph.ts;
`)}`;
const resolving = `export const resolve = (specifier, context, next) =>
  specifier === 'typescript' ? { url: ${JSON.stringify(stub)}, shortCircuit: true } : next(specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(resolving)}`);

const { createConfig, lintFromString } = await import('@redocly/openapi-core');
const { astToString, default: typesOf } = await import('openapi-typescript');

const source = await text(process.stdin);
const config = await createConfig({ extends: ['recommended'] });
const problems = await lintFromString({ source, absoluteRef: '/openapi.json', config });
process.stdout.write(
  JSON.stringify({
    problems: problems.map(({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer}: ${message}`),
    types: astToString(await typesOf(source)),
  }),
);
