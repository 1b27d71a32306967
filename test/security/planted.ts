import { randomBytes } from 'node:crypto';

/** A shorter secret could be found by chance. */
const CORE_BYTES = 9;

/**
 * A secret that can be recognized wherever it appears. Its core of letters and digits is the same in JSON and in URLs. The search also
 * covers hexadecimal, and base64 at each of its three possible offsets. The special characters around the core have another form in each
 * of these, so that code which replaces only the plain text does not hide the secret.
 */
export class Planted {
  private readonly core = `Planted${randomBytes(CORE_BYTES).toString('hex')}`;
  readonly value = `"/+&%=${this.core}"/+&%=`;
  private readonly forms = [this.core, Buffer.from(this.core).toString('hex'), ...base64Forms(this.core)].map((form) =>
    form.toLowerCase(),
  );

  constructor(readonly name: string) {}

  isIn(text: string): boolean {
    const lower = text.toLowerCase();
    return this.forms.some((form) => lower.includes(form));
  }
}

function base64Forms(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('x'.repeat(shift) + text).toString('base64');
    // Leave out the first and last characters, which also depend on the text before and after.
    return encoded.slice([0, 2, 3][shift], Math.floor(((shift + text.length) * 8) / 6));
  });
}

/** Every text in a value, however deep, with bytes read as text. */
export function textsIn(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${textsIn(inner)}`)
    .join('\n');
}
