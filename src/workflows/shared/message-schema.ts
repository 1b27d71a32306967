import { Type, type TSchema } from '@sinclair/typebox';
import { Check } from '@sinclair/typebox/value';

// Anyone with access to Temporal can send a signal with anything in it, and a handler that throws stops its workflow until somebody
// intervenes. So each message is checked against a schema before it is handled.

/** Checks messages of one kind. Null: the value does not fit the schema. Fields that the schema does not name are allowed. */
export type Reader<T> = (value: unknown) => T | null;

export function reader<T>(schema: TSchema & { readonly static: T }): Reader<T> {
  return (value) => (Check(schema, value) ? value : null);
}

export const text = (maxLength = 1_000) => Type.String({ minLength: 1, maxLength });
export const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);
export const integer = (minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ minimum, maximum });
export const port = integer(1, 65_535);
export const portRange = Type.Object({ first: port, last: port });
/** Up to the latest time of a `Date`. */
export const instant = integer(0, 8.64e15);
export const labels = Type.Record(Type.String(), Type.String());
/** Ids of containers. */
export const ids = Type.Array(text());
export const role = Type.Union([Type.Literal('forwarded'), Type.Literal('plain')]);
/** Taken ports, at least one. */
export const takenPorts = Type.Object({ ports: Type.Array(port, { minItems: 1 }), by: nullable(text()) });
