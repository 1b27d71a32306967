import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configError, configured, mistakes, ONE_VPN } from './environment';

const folder = mkdtempSync(join(tmpdir(), 'portward-engine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = 'TOP-SECRET';
const ENGINE = {
  image: 'program:1',
  env: { WEB_PORT: '{{HTTP_PORT}}', TOKEN: SECRET },
  forwardedEnv: { PEER_PORT: '{{P2P_PORT}}' },
  health: { type: 'tcp' },
};

function fileOf(content: string): string {
  const path = join(folder, 'engine.json');
  writeFileSync(path, content);
  return path;
}
const image = (env: Record<string, string>) => configured(env).engine.variant.image;
const good = () => fileOf(JSON.stringify(ENGINE));

test.each<Record<string, string>>([{}, { ENGINE_VARIANT: 'custom' }])(
  'ENGINE_FILE names a custom engine; with %j',
  (env) => {
    const { engine } = configured({ ...env, ENGINE_FILE: good() });
    expect(engine).toMatchObject({ variantName: 'custom', variant: ENGINE });
  },
);

test('ENGINE_IMAGE overrides the image of the file, as of any variant', () => {
  const { variant } = configured({ ENGINE_FILE: good(), ENGINE_IMAGE: 'program:2' }).engine;
  expect(variant).toMatchObject({ image: 'program:2', env: ENGINE.env });
});

test('ENGINE_FILE together with another variant than custom is refused, since only one of them can be meant', () => {
  expect(mistakes({ ...ONE_VPN, ENGINE_FILE: good(), ENGINE_VARIANT: 'jopsis-amd64' })).toEqual([
    "ENGINE_VARIANT: expected custom, or nothing, because ENGINE_FILE is set, got 'jopsis-amd64'",
  ]);
});

test('custom without a file is refused, and so is a file that can not be read', () => {
  expect(mistakes({ ...ONE_VPN, ENGINE_VARIANT: 'custom' })).toEqual([
    expect.stringMatching(/^ENGINE_FILE: expected a file .* because ENGINE_VARIANT=custom, got nothing$/),
  ]);
  const nowhere = join(folder, 'nowhere.json');
  expect(mistakes({ ...ONE_VPN, ENGINE_FILE: nowhere })).toEqual([
    `ENGINE_FILE: expected a file that can be read, got '${nowhere}' (ENOENT)`,
  ]);
  expect(mistakes({ ...ONE_VPN, ENGINE_FILE: folder })).toEqual([expect.stringContaining('(EISDIR)')]);
});

test('all mistakes in the file are reported at once, with other mistakes, and without its values', () => {
  const path = fileOf(JSON.stringify({ image: SECRET, env: { TOKEN: [SECRET] }, health: { type: SECRET } }));
  const error = configError({ ...ONE_VPN, APP_PORT: 'x', ENGINE_FILE: path });
  expect(error.mistakes.toSorted()).toEqual([
    expect.stringMatching(/^APP_PORT: /),
    expect.stringMatching(`^ENGINE_FILE ${path}: env.TOKEN: expected a text in quotes, got a list$`),
    expect.stringMatching(`^ENGINE_FILE ${path}: health.type: expected "http" or "tcp", got another text$`),
  ]);
  expect(error.message).not.toContain(SECRET);
});

test('the arm variants have their tag from ENGINE_ARM32_VERSION and ENGINE_ARM64_VERSION', () => {
  expect(image({ ENGINE_VARIANT: 'jopsis-arm32' })).toBe('jopsis/acestream:arm32-v3.2.13');
  expect(image({ ENGINE_VARIANT: 'jopsis-arm64' })).toBe('jopsis/acestream:arm64-v3.2.13');
  const versions = { ENGINE_ARM32_VERSION: 'arm32-v3.2.14', ENGINE_ARM64_VERSION: 'v3.2.17-fix' };
  expect(image({ ENGINE_VARIANT: 'jopsis-arm32', ...versions })).toBe('jopsis/acestream:arm32-v3.2.14');
  expect(image({ ENGINE_VARIANT: 'jopsis-arm64', ...versions })).toBe('jopsis/acestream:v3.2.17-fix');
  expect(mistakes({ ...ONE_VPN, ENGINE_ARM64_VERSION: 'a b' })).toEqual([
    "ENGINE_ARM64_VERSION: expected an image's tag, got 'a b'",
  ]);
});

test.each(['mips', 'constructor', '__proto__'])('%s is not a variant', (name) => {
  expect(mistakes({ ...ONE_VPN, ENGINE_VARIANT: name })).toEqual([
    `ENGINE_VARIANT: expected one of krinkuto11-amd64, jopsis-amd64, jopsis-arm32, jopsis-arm64, custom, got '${name}'`,
  ]);
});

test('PORTWARD_SECRET_KEY has at least 16 characters, and is never shown', () => {
  expect(configured().secretKey).toBeNull();
  expect(configured({ PORTWARD_SECRET_KEY: ` ${SECRET}-16-long ` }).secretKey).toBe(`${SECRET}-16-long`);
  expect(mistakes({ ...ONE_VPN, PORTWARD_SECRET_KEY: SECRET })).toEqual([
    'PORTWARD_SECRET_KEY: expected at least 16 characters, got 10',
  ]);
});
