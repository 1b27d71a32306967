import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';

type SerializerFactory = ReturnType<typeof SerializerSelector>;
type Serializer = ReturnType<ReturnType<SerializerFactory>>;

const fastifySerializers = SerializerSelector();
const compiled = new Map<string, Serializer>();

/**
 * Fastify's own compiler of serializers, called once for each distinct schema. Most answers are errors with the same schema: of about 90
 * serializers 30 differ. Compiling serializers takes most of the time that it takes to create the API.
 */
export const buildSerializer: SerializerFactory = (externalSchemas, options) => {
  const compile = fastifySerializers(externalSchemas, options);
  const context = JSON.stringify([externalSchemas, options]);
  return (route) => {
    const key = context + JSON.stringify(route.schema);
    const serializer = compiled.get(key) ?? compile(route);
    compiled.set(key, serializer);
    return serializer;
  };
};
