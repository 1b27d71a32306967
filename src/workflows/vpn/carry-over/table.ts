/** Objects of one kind, with the names of their fields written once, to save bytes. */
export interface Table {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export function table(all: readonly object[]): Table {
  const fields = [...new Set(all.flatMap((object) => Object.keys(object)))];
  return { fields, rows: all.map((object) => rowOf(object, fields)) };
}

function rowOf(object: object, fields: readonly string[]): unknown[] {
  const values: Readonly<Record<string, unknown>> = { ...object };
  return fields.map((field) => values[field]);
}

/** The objects that a table was made from. */
export function objects<T>({ fields, rows }: Table): T[] {
  return rows.map((row) => Object.fromEntries(fields.map((field, i) => [field, row[i]])) as T);
}
