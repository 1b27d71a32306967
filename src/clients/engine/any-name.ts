import { Type } from '@sinclair/typebox';

/** For the names of a record. Of a name with a line break TypeBox's own pattern, `^(.*)$`, would leave the value unchecked. */
export const AnyName = Type.String({ pattern: '^' });
