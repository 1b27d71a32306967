import { Type } from '@sinclair/typebox';

/**
 * Schema for the names of a record. TypeBox's own pattern, `^(.*)$`, does not match a name with a line break, and
 * leaves the value of such a name unchecked.
 */
export const AnyName = Type.String({ pattern: '^' });
