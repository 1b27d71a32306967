// For the build of the image: extracts Temporal's CLI to ./temporal, from an archive in this folder or from a download.
// TEMPORAL_CLI_URL: another address of the archive. TEMPORAL_CLI_SHA256: its checksum, if it is not one of those in release.json.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const { TARGETARCH, TEMPORAL_CLI_URL, TEMPORAL_CLI_SHA256 } = process.env;
const { version, addresses, sha256 } = JSON.parse(readFileSync('release.json', 'utf8'));
const arch = TARGETARCH || { x64: 'amd64', arm64: 'arm64' }[process.arch];
const archive = `temporal_cli_${version}_linux_${arch}.tar.gz`;
const expected = TEMPORAL_CLI_SHA256 || sha256[archive];
if (expected === undefined) fail(`release.json has no checksum for ${archive}: set TEMPORAL_CLI_SHA256`);

if (!existsSync(archive)) await download();
const found = createHash('sha256').update(readFileSync(archive)).digest('hex');
if (found !== expected) fail(`${archive}: expected the checksum ${expected}, found ${found}`);
execFileSync('tar', ['-xzf', archive, 'temporal'], { stdio: 'inherit' });
execFileSync('./temporal', ['--version'], { stdio: 'inherit' });

async function download() {
  const values = { version, archive, platform: 'linux', arch };
  const known = addresses.map((address) => address.replace(/\{(\w+)\}/g, (_, name) => values[name]));
  const failures = [];
  for (const url of TEMPORAL_CLI_URL ? [TEMPORAL_CLI_URL] : known) {
    try {
      console.log(`Downloading ${url}`);
      const answer = await fetch(url, { signal: AbortSignal.timeout(300_000) });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      writeFileSync(archive, Buffer.from(await answer.arrayBuffer()));
      return;
    } catch (error) {
      failures.push(`  ${url}: ${error.cause?.message ?? error.message}`);
    }
  }
  fail(
    `${archive} could not be downloaded:\n${failures.join('\n')}\n` +
      'Put that file beside the Dockerfile, or give its address: --build-arg TEMPORAL_CLI_URL=…',
  );
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
