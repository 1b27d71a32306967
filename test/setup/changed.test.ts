import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** What jest is told to run when these files have changed. */
function concernedBy(...files: string[]): string[] {
  const printed = execFileSync(process.execPath, [join(root, 'scripts', 'changed.mjs'), ...files], {
    encoding: 'utf8',
  });
  return printed.split('\n').filter((line) => line !== '');
}

test('a change of the program concerns what starts the built program, however indirectly', () => {
  const concerned = concernedBy('src/workflows/vpn/decide/decide.ts');
  expect(concerned).toContain('src/workflows/vpn/decide/decide.ts');
  expect(concerned).toContain('simulator/portward-process.ts');
  expect(concerned).toContain('test/workflows/built-workflows.ts');
  // A program of this file does.
  expect(concerned).toContain('test/embedded-temporal/server-bench.ts');
  expect(concerned).not.toContain('simulator/scripts.ts');
});

test('a change of what runs in simulated containers concerns who starts them', () => {
  expect(concernedBy('simulator/vpn/auth.ts')).toContain('simulator/scripts.ts');
});

test('a change of another program does not concern what starts this one', () => {
  const concerned = concernedBy('chaos/faults.ts');
  expect(concerned).toContain('test/chaos/short-run.test.ts');
  expect(concerned).not.toContain('simulator/portward-process.ts');
});

test('a change of a document, or of another file that a test reads, concerns that test', () => {
  expect(concernedBy('docs/reference/metrics.md')).toContain('test/docs/links.test.ts');
  expect(concernedBy('.env.example')).toContain('test/config/env-example.test.ts');
});

// A file that this text named would be one that a test reads.
const nobodyReads = `deploy/${randomUUID()}.yml`;

test.each(['package.json', 'jest.config.js', 'scripts/build.mjs', 'test/environment.mjs', nobodyReads])(
  'a change of %s has everything run',
  (file) => {
    expect(concernedBy('docs/reference/metrics.md', file)).toEqual([]);
  },
);
