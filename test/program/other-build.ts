import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** A build of another release of the program. */
export interface OtherBuild {
  readonly dist: string;
  remove(): void;
}

/**
 * Copies this repository's build, with another version number and with workflows that start one more timer, so that neither code can
 * replay histories of the other.
 * @param onlyVpn the VPN whose workflow differs; default: all VPNs
 */
export function otherBuild(version: number, onlyVpn?: string): OtherBuild {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'portward-build-')));
  const dist = join(folder, 'dist');
  cpSync(join(ROOT, 'dist'), dist, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  // The packs have the original modules.
  for (const pack of ['program', 'workflow-thread']) rmSync(join(dist, `${pack}.pack.js`));
  edit(join(dist, 'src', 'workflows', 'version.js'), /WORKFLOW_VERSION = \d+;/, `WORKFLOW_VERSION = ${version};`);
  const bundle = join(dist, 'workflow-bundle.js');
  const timer = "await (0, workflow_1.sleep)(1, { summary: 'only in another release' });";
  const where = onlyVpn === undefined ? '' : `if (input.settings.vpn === '${onlyVpn}') `;
  edit(bundle, /(async function vpn\(input\) \{[\s\S]*?)(\n {4}for \(;;\) \{)/, `$1\n    ${where}${timer}$2`);
  edit(bundle, /async function untilComplete\(run, removal\) \{/, `$&\n    ${timer}`);
  return { dist, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function edit(path: string, what: RegExp, instead: string): void {
  const text = readFileSync(path, 'utf8');
  if (!what.test(text)) throw new Error(`expected ${String(what)} in ${path}`);
  writeFileSync(path, text.replace(what, instead));
}
