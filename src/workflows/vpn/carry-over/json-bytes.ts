const encoder = new TextEncoder();

/** How large a value is in a history. */
export function jsonBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}
