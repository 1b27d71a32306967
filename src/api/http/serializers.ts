import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';

type SerializerFactory = ReturnType<typeof SerializerSelector>;
type Serializer = ReturnType<ReturnType<SerializerFactory>>;

const fastifys = SerializerSelector();
const compiled = new Map<string, Serializer>();

/**
 * Fastify's own compiler, asked once for each schema. Most answers of most routes are refusals of the same shape: of some
 * 90 serializers 30 differ, and compiling them is most of what making the API takes.
 */
export const buildSerializer: SerializerFactory = (externalSchemas, options) => {
  const compile = fastifys(externalSchemas, options);
  const context = JSON.stringify([externalSchemas, options]);
  return (route) => {
    const key = context + JSON.stringify(route.schema);
    const serializer = compiled.get(key) ?? compile(route);
    compiled.set(key, serializer);
    return serializer;
  };
};
