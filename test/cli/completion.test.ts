import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { api, closeAll } from '../api/api-under-test';
import { VpnStandIn } from '../api/vpn-stand-in';
import { testUnless } from '../test-unless';
import { typed } from './typed';

const folder = mkdtempSync(join(tmpdir(), 'portward-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(closeAll);

function lacks(shell: string): string | null {
  try {
    execFileSync(shell, ['-c', 'true']);
    return null;
  } catch {
    return `${shell} is not installed`;
  }
}

/** The words that the shell suggests; a fake `portward` beside it knows two VPNs. */
async function offered(shell: string, script: (file: string) => string): Promise<string[]> {
  const file = join(folder, `completion.${shell}`);
  writeFileSync(file, await typed(['completion', shell]));
  writeFileSync(join(folder, 'portward'), '#!/bin/sh\n[ "$1" = vpn-names ] && printf "gluetun\\ngluetun2\\n"\n', {
    mode: 0o755,
  });
  const env = { PATH: `${folder}:${process.env['PATH']}` };
  return execFileSync(shell, ['-c', script(file)], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] })
    .split(/\s+/)
    .filter((word) => word !== '');
}

const inBash = (...line: string[]) =>
  offered(
    'bash',
    (file) =>
      `source ${file}; COMP_WORDS=(${line.map((w) => `'${w}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _portward; echo "\${COMPREPLY[@]}"`,
  );

testUnless(lacks('bash'))('in bash commands, options and names of VPNs are completed', async () => {
  expect(await inBash('portward', 're')).toEqual(['replacements', 'replace', 'recheck']);
  expect(await inBash('portward', 'status', '--')).toEqual(['--json', '--url', '--watch']);
  expect(await inBash('portward', 'replace', 'glue')).toEqual(['gluetun', 'gluetun2']);
  expect(await inBash('portward', 'completion', '')).toEqual(['bash', 'zsh', 'fish']);
});

const inFish = (line: string) =>
  offered('fish', (file) => `source ${file}; complete -C '${line}' | string replace -r '\\t.*' ''; true`);

testUnless(lacks('fish'))('in fish commands, options and names of VPNs are completed', async () => {
  expect(await inFish('portward re')).toEqual(['recheck', 'replace', 'replacements']);
  expect(await inFish('portward status --w')).toEqual(['--watch']);
  expect(await inFish('portward replace glue')).toEqual(['gluetun', 'gluetun2']);
});

testUnless(lacks('zsh'))('zsh accepts the script, which gives each command its options', async () => {
  const script =
    'autoload -U compinit; compinit -u -d /dev/null; _arguments() { print -l -- "$words[1]:$CURRENT" "$@" }; _describe() { : };';
  const words = await offered(
    'zsh',
    (file) => `${script} source ${file}; words=(portward status --); CURRENT=3; _portward`,
  );
  expect(words.join(' ')).toMatch(/^status:2 --json\[print JSON\] .*--watch\[/);
});

test('the names of VPNs come from the API; without one, nothing is printed', async () => {
  const server = await api([new VpnStandIn('one'), new VpnStandIn('two')]);
  const before = process.env['PORTWARD_URL'];
  try {
    process.env['PORTWARD_URL'] = await server.listen({ port: 0, host: '127.0.0.1' });
    expect(await typed(['vpn-names'])).toBe('one\ntwo\n');
    process.env['PORTWARD_URL'] = 'http://127.0.0.1:9';
    expect(await typed(['vpn-names'])).toBe('');
  } finally {
    if (before === undefined) delete process.env['PORTWARD_URL'];
    else process.env['PORTWARD_URL'] = before;
  }
});
