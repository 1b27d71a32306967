import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

// Environment variables that callers give engines may hold secrets, and are kept in workflow histories. So the API
// encrypts them ('seals'), and the worker decrypts them ('opens') where it creates the container. Without the key
// only their length can be read.

declare const sealing: unique symbol;
export type SealingKey = Buffer & { readonly [sealing]: true };

/** Part of the authenticated data, so that a later format can't be taken for this one. */
const VERSION = 'v1';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Not secret: it only has to differ from the salts of other programs. */
const SALT = 'portward sealed environment';

/** @param secret any text; scrypt makes guessing a short one slow */
export async function sealingKeyFrom(secret: string): Promise<SealingKey> {
  const derive: (password: string, salt: string, bytes: number) => Promise<unknown> = promisify(scrypt);
  return (await derive(secret, SALT, KEY_BYTES)) as SealingKey;
}

export class CannotOpen extends Error {
  constructor() {
    super(
      'the environment of this engine was encrypted with another key: expected the API and the worker to have ' +
        'the same PORTWARD_SECRET_KEY, or, with none set, the same data folder (PORTWARD_DATA_DIR); set that, then request the engine again',
    );
    this.name = 'CannotOpen';
  }
}

export function seal(env: Readonly<Record<string, string>>, key: SealingKey): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(VERSION));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(env), 'utf8'), cipher.final()]);
  return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
}

/** @throws CannotOpen, which tells nothing about the content */
export function open(sealed: string, key: SealingKey): Record<string, string> {
  const [version, text, ...more] = sealed.split('.');
  const bytes = Buffer.from(text ?? '', 'base64url');
  const begin = NONCE_BYTES + TAG_BYTES;
  if (version !== VERSION || more.length > 0 || bytes.length < begin) throw new CannotOpen();
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(VERSION))
      .setAuthTag(bytes.subarray(NONCE_BYTES, begin));
    const json = Buffer.concat([decipher.update(bytes.subarray(begin)), decipher.final()]).toString('utf8');
    return JSON.parse(json) as Record<string, string>;
  } catch {
    throw new CannotOpen();
  }
}
