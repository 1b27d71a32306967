// Loads the modules that a start needs from one file with V8's code cache, instead of finding, reading and compiling
// some 1,600 files. `scripts/pack-modules.mjs` makes both files. Each module keeps its own name and folder, so it
// notices no difference. A module that is not in the pack is loaded as usual; without a pack, all modules are.
// oxlint-disable no-underscore-dangle -- they are Node.js's names
import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { constants, Script } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

/** Which pack: that of the process, or that of its threads for workflows. */
export type Pack = 'program' | 'workflow-thread';

type Wrapped = (
  exports: unknown,
  require: NodeJS.Require,
  module: NodeJS.Module,
  filename: string,
  folder: string,
) => void;

interface Packed {
  /** By path below the project's root, with slashes as in all paths of a pack. */
  readonly modules: Readonly<Record<string, Wrapped | undefined>>;
  /** The path of each required module, by the requiring module and the text in its `require`. */
  readonly found: Readonly<Record<string, Readonly<Record<string, string | undefined>> | undefined>>;
}

/**
 * Node.js's internal functions for loading a file. They are missing in its types, but many programs rely on them, so
 * they stay as long as `require` does.
 */
interface Loader {
  _resolveFilename(request: string, parent: NodeJS.Module | null | undefined, ...rest: unknown[]): string;
  readonly _extensions: Record<string, ((module: NodeJS.Module, filename: string) => void) | undefined>;
  readonly _cache: NodeJS.Dict<NodeJS.Module>;
}

/** The pack's script; null where there is no pack. @param dist the built program's folder */
function usePackedModules(pack: Pack, dist: string): Script | null {
  const script = scriptOf(join(dist, `${pack}.pack.js`));
  if (script === null) return null;
  const { modules, found } = script.runInThisContext() as Packed;
  const root = `${dirname(dist)}${sep}`;
  const pathOf = (filename: string) => filename.slice(root.length).replaceAll(sep, '/');
  const loader = Module as unknown as Loader;

  const resolveFilename = loader._resolveFilename.bind(loader);
  loader._resolveFilename = (request, parent, ...rest) => {
    const path = parent?.filename?.startsWith(root) ? found[pathOf(parent.filename)]?.[request] : undefined;
    return path === undefined ? resolveFilename(request, parent, ...rest) : root + path.replaceAll('/', sep);
  };
  for (const extension of ['.js', '.json']) {
    const load = loader._extensions[extension];
    loader._extensions[extension] = (module, filename) => {
      const packed = filename.startsWith(root) ? modules[pathOf(filename)] : undefined;
      if (packed === undefined) return load?.(module, filename);
      return packed.call(module.exports, module.exports, requireFor(module, loader), module, filename, module.path);
    };
  }
  return script;
}

function scriptOf(filename: string): Script | null {
  let source: string;
  try {
    source = readFileSync(filename, 'latin1');
  } catch {
    return null;
  }
  let cachedData: Buffer | undefined;
  try {
    cachedData = readFileSync(`${filename}.cache`);
  } catch {
    // Without the cache the script is compiled.
  }
  // A cache of another version of Node.js is refused, which only costs time.
  return new Script(source, {
    filename,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

function requireFor(module: NodeJS.Module, loader: Loader): NodeJS.Require {
  const require = ((id: string) => module.require(id)) as NodeJS.Require;
  const resolveFrom = (request: string, options?: { paths?: string[] }) =>
    loader._resolveFilename(request, module, false, options);
  return Object.assign(require, {
    resolve: Object.assign(resolveFrom, { paths: () => module.paths }),
    main: process.mainModule,
    extensions: loader._extensions as unknown as NodeJS.RequireExtensions,
    cache: loader._cache,
  });
}

export const packed = usePackedModules(isMainThread ? 'program' : 'workflow-thread', resolve(__dirname, '..'));
