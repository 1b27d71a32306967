import release from './release.json';

/** The archive of the release of Temporal's CLI with which Portward is tested: server 1.29.1. */
export interface CliArchive {
  readonly name: string;
  /** All of them have the same file. */
  readonly addresses: readonly string[];
  readonly sha256: string;
}

export const CLI_VERSION: string = release.version;

const PLATFORMS: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The archive for a platform. The image's build reads the same JSON file, see scripts/fetch-temporal-cli.mjs.
 * @throws Error if no checksum is known for the platform
 */
export function cliArchive(on: NodeJS.Platform, cpu: NodeJS.Architecture): CliArchive {
  const platform = PLATFORMS[on];
  const arch = ARCHITECTURES[cpu];
  const name = `temporal_cli_${CLI_VERSION}_${platform}_${arch}.tar.gz`;
  const checksums: Readonly<Record<string, string>> = release.sha256;
  const sha256 = checksums[name];
  if (platform === undefined || arch === undefined || sha256 === undefined)
    throw new Error(`no checksum is known of an archive for ${on} on ${cpu}`);
  const addresses = release.addresses.map((address) =>
    Object.entries({ version: CLI_VERSION, archive: name, platform, arch }).reduce(
      (text, [placeholder, value]) => text.replaceAll(`{${placeholder}}`, value),
      address,
    ),
  );
  return { name, addresses, sha256 };
}
