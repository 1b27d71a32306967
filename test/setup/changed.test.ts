import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** What jest is told to run after changes of these files. */
function concernedBy(...files: string[]): string[] {
  const printed = execFileSync(process.execPath, [join(root, 'scripts', 'changed.mjs'), ...files], {
    encoding: 'utf8',
  });
  return printed.split('\n').filter((line) => line !== '');
}

test('a change of the program runs the tests that start the built program, however indirectly', () => {
  const concerned = concernedBy('src/workflows/vpn/decide/decide.ts');
  expect(concerned).toContain('src/workflows/vpn/decide/decide.ts');
  expect(concerned).toContain('simulator/portward-process.ts');
  expect(concerned).toContain('test/workflows/built-workflows.ts');
  // A program that this test file starts.
  expect(concerned).toContain('test/embedded-temporal/server-bench.ts');
  expect(concerned).not.toContain('simulator/scripts.ts');
});

test('a change of a program in simulated containers runs the tests that start them', () => {
  expect(concernedBy('simulator/vpn/auth.ts')).toContain('simulator/scripts.ts');
});

test('a change of one program does not run the tests that start another one', () => {
  const concerned = concernedBy('chaos/faults.ts');
  expect(concerned).toContain('test/chaos/short-run.test.ts');
  expect(concerned).not.toContain('simulator/portward-process.ts');
});

test('a change of a document, or of another file that a test reads, runs that test', () => {
  expect(concernedBy('docs/reference/metrics.md')).toContain('test/docs/links.test.ts');
  expect(concernedBy('.env.example')).toContain('test/config/env-example.test.ts');
});

// A file name in this text would count as a file that this test reads.
const nobodyReads = `deploy/${randomUUID()}.yml`;

test.each(['package.json', 'jest.config.js', 'scripts/build.mjs', 'test/environment.mjs', nobodyReads])(
  'a change of %s runs all tests',
  (file) => {
    expect(concernedBy('docs/reference/metrics.md', file)).toEqual([]);
  },
);
