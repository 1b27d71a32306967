// Runs two tools on the OpenAPI document on standard input: prints redocly's problems, and the types that openapi-typescript makes. It is a
// process of its own because both tools are ES modules. openapi-typescript needs the JavaScript API of `typescript`, which TypeScript 7 does
// not have, so it gets the copy in ts-morph.
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
