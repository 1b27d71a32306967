import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, seal } from '../../src/secrets/seal';
import { keptSecret, sealingKeyFile, sealingKeySource } from '../../src/secrets/sealing-key';

const root = mkdtempSync(join(tmpdir(), 'portward-key-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, `data${folders++}`);
const keyOf = (dataDir: string, secretKey: string | null = null) => sealingKeySource({ secretKey, dataDir })();

test('with PORTWARD_SECRET_KEY the key is derived from it, and no file is created', async () => {
  const [one, two] = [newFolder(), newFolder()];
  const sealed = seal({ A: 'x' }, await keyOf(one, 'a long enough secret'));
  expect(open(sealed, await keyOf(two, 'a long enough secret'))).toEqual({ A: 'x' });
  expect([one, two].filter((folder) => existsSync(folder))).toEqual([]);
});

test('without it a secret is created in the data folder, for its owner only, and kept', async () => {
  const dataDir = newFolder();
  const key = await keyOf(dataDir);
  expect(readdirSync(dataDir)).toEqual(['sealing.key']);
  expect(statSync(sealingKeyFile(dataDir)).mode & 0o777).toBe(0o600);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  expect(await keyOf(dataDir)).toEqual(key);
  expect(await keyOf(newFolder())).not.toEqual(key);
});

test('nothing is created before a key is needed', () => {
  const dataDir = newFolder();
  sealingKeySource({ secretKey: null, dataDir });
  expect(existsSync(dataDir)).toBe(false);
});

test('the first one to create the secret decides, however soon the others follow', async () => {
  for (let round = 0; round < 100; round++) {
    const dataDir = newFolder();
    // Each begins some turns of the event loop after the one before, so that all steps of the creation overlap.
    const secrets = Array.from({ length: 8 }, async (_, place) => {
      for (let turn = 0; turn < place * (round % 10); turn++) await new Promise((resolve) => setImmediate(resolve));
      return keptSecret(dataDir);
    });
    expect(new Set(await Promise.all(secrets)).size).toBe(1);
    expect(readdirSync(dataDir)).toEqual(['sealing.key']);
  }
});

const CHILD = `
  const { sealingKeySource } = require(${JSON.stringify(join(__dirname, '../../src/secrets/sealing-key.ts'))});
  process.stdout.write('ready');
  process.stdin.once('data', () => {
    sealingKeySource({ secretKey: null, dataDir: process.argv[1] })().then((key) => {
      process.stdout.write(key.toString('hex'));
      process.exit(0);
    });
  });
`;

test('API and worker have the same key, even if they start at the same moment', async () => {
  const dataDir = newFolder();
  const hook = join(__dirname, '../typescript-hook.cjs');
  const children = Array.from({ length: 6 }, () => spawn(process.execPath, ['--require', hook, '-e', CHILD, dataDir]));
  const outputs = children.map((child) => {
    const output = { text: '', ended: once(child, 'close') };
    child.stdout.on('data', (data: Buffer) => (output.text += data.toString()));
    return output;
  });
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  for (const child of children) child.stdin.write('go');
  await Promise.all(outputs.map((output) => output.ended));
  const keys = outputs.map((output) => output.text.replace('ready', ''));
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(keys).size).toBe(1);
  expect(readdirSync(dataDir)).toEqual(['sealing.key']);
}, 30_000);

test('a damaged key file is reported with its path and a remedy, never overwritten, and can be repaired without a restart', async () => {
  const dataDir = newFolder();
  mkdirSync(dataDir);
  const path = sealingKeyFile(dataDir);
  const content = 'not-a-key-but-SECRET';
  writeFileSync(path, content);
  const key = sealingKeySource({ secretKey: null, dataDir });
  const failure = await key().catch((error: unknown) => String(error));
  expect(failure).toContain(`${path}: expected a sealing key of 64 hexadecimal digits, found something else`);
  expect(failure).toContain('remove it');
  expect(failure).not.toContain(content);
  expect(readFileSync(path, 'utf8')).toBe(content);
  rmSync(path);
  expect(await key()).toHaveLength(32);
});

test('a data folder that can not be created is an error that names it', async () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  await expect(keyOf(join(file, 'data'))).rejects.toThrow(join(file, 'data'));
});
