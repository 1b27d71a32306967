// Makes one image for both kinds of simulated containers, on Linux without a registry.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type Docker from 'dockerode';
import { isConflict, isMissing } from './docker-errors';
import { hostNode } from './host-node';
import { simulatorScripts } from './scripts';
import type { Script } from './scripts';
import { tarStream } from './tar';
import type { TarEntry } from './tar';

/** The path of node in the image. */
export const NODE = '/node';

/** These save memory: no helper threads, and a small young generation. An idle engine then has 7 MB of its own. */
export const NODE_FLAGS = ['--v8-pool-size=0', '--max-semi-space-size=1'];

export const REPOSITORY = 'portward-simulator';
const SCRIPT_FOLDER = '/simulator';

/** The engine, as in a real engine image: Portward sets only env and, on arm, arguments. A VPN container overrides the entry point. */
const ENTRYPOINT = `ENTRYPOINT ${JSON.stringify([NODE, ...NODE_FLAGS, scriptPath('engine/main.js')])}`;

export function scriptPath(script: string): string {
  return `${SCRIPT_FOLDER}/${script}`;
}

/** An image that was not used for so long is removed. Every run uses its image more often. */
const UNUSED_FOR_MS = 60 * 60_000;

/**
 * Makes the image if it does not exist, and resolves with its tag, `portward-simulator:<content hash>`. The image stays for later
 * runs. If two processes make it at once, both get the same tag, on an equal image.
 */
export async function ensureSimulatorImage(docker: Docker): Promise<string> {
  const scripts = await simulatorScripts();
  return process.platform === 'linux' ? importHostNode(docker, scripts) : buildFromSlim(docker, scripts);
}

async function importHostNode(docker: Docker, scripts: Script[]): Promise<string> {
  const { program, libraries, libraryFolders } = await hostNode();
  const binaries = [program, ...libraries];
  const changes = [ENTRYPOINT];
  if (libraryFolders.length > 0) changes.push(`ENV LD_LIBRARY_PATH=${libraryFolders.join(':')}`);
  const tag = tagOf([...(await Promise.all(binaries.map(fingerprint))), changes, scripts]);
  if (await isThere(docker, tag)) return tag;

  const imported = await docker.importImage(
    tarStream([
      { path: NODE, mode: 0o755, file: program },
      ...libraries.map((file) => ({ path: file, mode: 0o755, file })),
      ...scriptEntries(scripts),
    ]),
    { changes },
  );
  const id = lastStatus(await progress(docker, imported));
  // The import sets no tag. If another run has set the tag meanwhile, it stays there, so that no image loses its name.
  if (await isThere(docker, tag)) await docker.getImage(id).remove();
  else await docker.getImage(id).tag({ repo: REPOSITORY, tag: tag.slice(REPOSITORY.length + 1) });
  await removeUnusedImages(docker);
  return tag;
}

/** For other systems than Linux, whose node does not run in a container. */
async function buildFromSlim(docker: Docker, scripts: Script[]): Promise<string> {
  const dockerfile = [
    'FROM node:22-slim',
    `RUN ln -s /usr/local/bin/node ${NODE}`,
    `COPY simulator ${SCRIPT_FOLDER}`,
    ENTRYPOINT,
  ].join('\n');
  const tag = tagOf([dockerfile, scripts]);
  if (await isThere(docker, tag)) return tag;
  const context: TarEntry[] = [{ path: 'Dockerfile', mode: 0o644, content: dockerfile }, ...scriptEntries(scripts)];
  await progress(docker, await docker.buildImage(tarStream(context), { t: tag, rm: true, forcerm: true }));
  await removeUnusedImages(docker);
  return tag;
}

function scriptEntries(scripts: Script[]): TarEntry[] {
  return [
    { path: '/etc/passwd', mode: 0o644, content: 'root:x:0:0:root:/root:/node\n' },
    { path: '/tmp', mode: 0o1777, directory: true },
    ...scripts.map(({ path, content }) => ({ path: scriptPath(path), mode: 0o644, content })),
  ];
}

/** Identifies a file by name, size and time, because reading 100 MB at every start would take long. */
async function fingerprint(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  return `${file} ${size} ${mtimeMs}`;
}

function tagOf(parts: unknown[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `${REPOSITORY}:${hash.slice(0, 16)}`;
}

/** Whether the image exists. Tags it again, so that Docker records when it was last used. */
async function isThere(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).tag({ repo: REPOSITORY, tag: image.slice(REPOSITORY.length + 1) });
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

type Inspected = Docker.ImageInspectInfo & { readonly Metadata?: { readonly LastTagTime?: string } };

/** Removes images of older code, and images that killed runs have left. Images of a running run stay. */
export async function removeUnusedImages(docker: Docker): Promise<void> {
  for (const tag of await tagsLike(docker, '*')) {
    try {
      const { Metadata }: Inspected = await docker.getImage(tag).inspect();
      if (Date.now() - Date.parse(Metadata?.LastTagTime ?? '') > UNUSED_FOR_MS) await docker.getImage(tag).remove();
    } catch (error) {
      // Another run has removed it, or it still has a container.
      if (!isMissing(error) && !isConflict(error)) throw error;
    }
  }
}

export async function tagsLike(docker: Docker, pattern: string): Promise<string[]> {
  const images = await docker.listImages({ filters: { reference: [`${REPOSITORY}:${pattern}`] } });
  return images.flatMap(({ RepoTags }) => RepoTags ?? []);
}

type ProgressLine = { status?: string; error?: string };

/** Docker reports a failed build or import inside a 200 answer. */
async function progress(docker: Docker, stream: NodeJS.ReadableStream): Promise<ProgressLine[]> {
  const lines = await new Promise<ProgressLine[]>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, output: ProgressLine[]) => (error ? reject(error) : resolve(output)));
  });
  const failure = lines.find((line) => line.error !== undefined);
  if (failure !== undefined) throw new Error(`Docker could not make the simulator's image: ${failure.error}`);
  return lines;
}

function lastStatus(lines: ProgressLine[]): string {
  const id = lines.at(-1)?.status;
  if (id === undefined) throw new Error('expected the id of the imported image, found no line in the answer of Docker');
  return id;
}
