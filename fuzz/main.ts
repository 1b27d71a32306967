// `npm run fuzz`: schemathesis sends a real Portward with a simulated VPN unusual requests, which it makes from the API's own
// OpenAPI document.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Docker from 'dockerode';
import { progress } from '../bench/progress';
import { closeAll, Site } from '../bench/site';
import { httpGet } from '../simulator/http-get';
import { cacheDir } from '../src/config/folders';
import { schemathesis } from './schemathesis';
import { messageOf } from '../src/lib/errors';

const USAGE = 'Usage: npm run fuzz -- [--examples 200] [--seed N]';
const WRONG_INPUT = 2;
const INTERRUPTED = 130;
/** Relative to the checkout, since the program itself runs in dist/. */
const CONFIG = join(process.cwd(), 'fuzz', 'schemathesis.toml');

interface Options {
  readonly examples: number;
  readonly seed: number;
}

function readOptions(): Options {
  const { values } = parseArgs({ options: { examples: { type: 'string', default: '200' }, seed: { type: 'string' } } });
  const examples = Number(values.examples);
  const seed = values.seed === undefined ? randomBytes(4).readUInt32BE() : Number(values.seed);
  for (const [name, value] of Object.entries({ examples, seed })) {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name}: expected a whole number`);
  }
  return { examples, seed };
}

async function fuzz({ examples, seed }: Options): Promise<number> {
  const program = await schemathesis(cacheDir(process.env), progress);
  const key = randomBytes(16).toString('hex');
  const site = await Site.open(new Docker(), {
    vpns: 1,
    engines: 2,
    engineStartupMs: 0,
    hints: false,
    // No rate limits: otherwise nearly all answers would be 429.
    env: { API_KEY: key, API_CHANGES_PER_MINUTE: '0', API_WRONG_KEYS_PER_MINUTE: '0' },
  });
  // Schemathesis leaves a database of examples in its working folder.
  const folder = await mkdtemp(join(tmpdir(), 'portward-fuzz-'));
  try {
    let failed = false;
    for (const [what, names] of [
      ['any names', {}],
      ['names that exist', await existingNames(site)],
    ] as const) {
      progress(`schemathesis with ${what}, seed ${seed}, up to ${examples} examples for each operation`);
      const config = join(folder, 'schemathesis.toml');
      await writeFile(config, `${await readFile(CONFIG, 'utf8')}\n${parameters(names)}`);
      const code = await run(program, commandLine(config, { url: site.portward.url, key, examples, seed }), folder);
      failed ||= code !== 0;
    }
    const errors = site.portward.logLines.filter((line) => ['error', 'fatal', 'output'].includes(line.level));
    for (const { level, text } of errors) progress(`Portward logged: ${level}: ${text}`);
    if (!site.portward.isRunning) progress('Portward has ended');
    return failed || errors.length > 0 || !site.portward.isRunning ? 1 : 0;
  } finally {
    await site.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A VPN and an engine that exist, so that requests get past the check of names. */
async function existingNames(site: Site): Promise<Record<string, string>> {
  const { body } = await httpGet(`${site.portward.url}/engines`, { limitMs: 5_000 });
  const [engine]: { container_name: string; vpn_container: string }[] = JSON.parse(body);
  if (!engine) throw new Error('expected an engine in /engines, found none');
  return { name: engine.vpn_container, id: engine.container_name };
}

function commandLine(config: string, options: Options & { readonly url: string; readonly key: string }): string[] {
  const { url, key, examples, seed } = options;
  const flags = {
    '--header': `Authorization: Bearer ${key}`,
    '--max-examples': examples,
    '--seed': seed,
    '--request-timeout': 10,
    '--suppress-health-check': 'all',
    '--warnings': 'off',
  };
  const start = ['--config-file', config, 'run', `${url}/openapi.json`, '--continue-on-failure', '--no-color'];
  return [...start, ...Object.entries(flags).flat().map(String)];
}

function parameters(names: Readonly<Record<string, string>>): string {
  const lines = Object.entries(names).map(([name, value]) => `"path.${name}" = "${value}"`);
  return `[parameters]\n${lines.join('\n')}\n`;
}

function run(program: string, args: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${USAGE}\n`);
    return WRONG_INPUT;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void closeAll().finally(() => process.exit(INTERRUPTED)));
  }
  return fuzz(options);
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
