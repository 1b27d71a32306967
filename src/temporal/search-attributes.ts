import type { Connection } from '@temporalio/client';
import { ProblemError } from '../lib/problem';

/** The numbers of Temporal's `IndexedValueType`, by the names that its CLI uses. */
const typeNumbers = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 } as const;

export type SearchAttributeTypeName = keyof typeof typeNumbers;
export type SearchAttributes = Readonly<Record<string, SearchAttributeTypeName>>;

/**
 * Adds the missing search attributes to the namespace. `start-dev --search-attribute` does this only for a new database. A
 * workflow that upserts an attribute that the server does not know makes no progress until the attribute is added.
 * @throws SearchAttributeTypeError when the server has one of them with another type
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  wanted: SearchAttributes,
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing: Record<string, number> = {};
  for (const [name, type] of Object.entries(wanted)) {
    const present: number | undefined = customAttributes[name];
    if (present === undefined) missing[name] = typeNumbers[type];
    else if (present !== typeNumbers[type]) {
      throw new SearchAttributeTypeError(name, type, typeNameOf(present));
    }
  }
  if (Object.keys(missing).length > 0) {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: missing });
  }
}

export class SearchAttributeTypeError extends ProblemError {
  override readonly name = 'SearchAttributeTypeError';

  constructor(attribute: string, wanted: string, found: string) {
    super({
      what: `Temporal's search attribute ${attribute} is of type ${found} on this server, Portward needs ${wanted}`,
      todo: `remove it with \`temporal operator search-attribute remove --name ${attribute}\`, then start again`,
    });
  }
}

export function typeNameOf(number: number): string {
  return Object.entries(typeNumbers).find(([, value]) => value === number)?.[0] ?? String(number);
}
