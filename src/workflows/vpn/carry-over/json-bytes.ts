const encoder = new TextEncoder();

/** Size of a value in a history, which holds it as JSON. */
export function jsonBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}
