import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { keyTypes, type Stream } from '../../domain/streams/stream';
import type { Instant, ListedEngine } from '../../domain/engine';
import { codeOf, messageOf } from '../../lib/errors';
import type { VpnLists } from '../../gateways/vpn-source';

/** To be raised with a change that makes older files unreadable. */
const FORMAT = 1;
/** Hundreds of VPNs with thousands of streams need less. */
const BYTES_AT_MOST = 16 * 1024 * 1024;
/** Changes within this time are written together. */
const WRITE_WITHIN_MS = 500;
/** An unchanged list is written again after this time, so that its time in the file does not get older. */
const CONFIRM_EVERY_MS = 10_000;

/** A VPN's lists as its workflow answered, and when they were last true. */
export interface DatedLists {
  readonly lists: VpnLists;
  readonly at: Instant;
}

export interface LastListsOptions {
  readonly dataDir: string;
  readonly instance: string;
  /** The configured VPNs. Lists of other VPNs in the file are dropped. */
  readonly vpns: readonly string[];
  /** Lists that are older than this are not loaded. */
  readonly staleLimitMs: number;
  readonly warn: (message: string) => void;
  readonly now?: () => Instant;
}

const Text = Type.String();
const TextOrNull = Type.Union([Text, Type.Null()]);
const PortNumber = Type.Integer({ minimum: 1, maximum: 65_535 });
const PortOrNull = Type.Union([PortNumber, Type.Null()]);
const InstantOrNull = Type.Union([Type.Number(), Type.Null()]);
const oneOf = <T extends string>(values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));

const EngineSchema = Type.Object({
  id: Text,
  name: Text,
  role: oneOf(['forwarded', 'plain']),
  httpPort: PortNumber,
  httpsPort: PortOrNull,
  p2pPort: PortOrNull,
  labels: Type.Record(Text, Text),
  firstSeen: Type.Number(),
  ready: Type.Boolean(),
  health: oneOf(['healthy', 'unhealthy', 'unknown']),
  run: InstantOrNull,
  lastUsedAt: InstantOrNull,
  cutOff: Type.Boolean(),
  forwarded: Type.Boolean(),
  streams: Type.Array(Text),
} satisfies Record<keyof ListedEngine, unknown>);

const StreamSchema = Type.Object({
  id: Text,
  keyType: oneOf(keyTypes),
  key: Text,
  containerId: Text,
  playbackSessionId: Text,
  statUrl: Text,
  commandUrl: Text,
  isLive: Type.Boolean(),
  startedAt: Type.Number(),
  endedAt: InstantOrNull,
  endReason: TextOrNull,
} satisfies Record<keyof Stream, unknown>);

const FileSchema = Type.Object({
  format: Type.Literal(FORMAT),
  vpns: Type.Record(
    Text,
    Type.Object({
      at: Type.Number(),
      lists: Type.Object({
        engines: Type.Object({
          version: Text,
          engines: Type.Array(EngineSchema),
          hidden: Type.Array(Type.Object({ id: Text, name: Text, httpPort: PortNumber })),
          current: Type.Boolean(),
          replacesOnMove: Type.Optional(Type.Boolean()),
        }),
        streams: Type.Object({ version: Text, streams: Type.Array(StreamSchema) }),
      }),
    }),
  ),
});

export function lastListsFile(dataDir: string, instance: string): string {
  return join(dataDir, `last-lists-${instance}.json`);
}

/**
 * Keeps the last lists of an API process in a file of the data folder. The next process shows them, marked stale, until the workflows
 * answer. Nothing else depends on the file: if it can't be read or written, Portward warns and goes on without it.
 */
export class LastLists {
  readonly #options: LastListsOptions;
  readonly #path: string;
  readonly #now: () => Instant;
  readonly #kept = new Map<string, { readonly known: DatedLists; readonly json: string }>();
  #due: { readonly at: number; readonly timer: NodeJS.Timeout } | null = null;
  #writing: Promise<void> = Promise.resolve();
  /** A write that waits for the one before. It writes the lists of the moment when it begins. */
  #next: Promise<void> | null = null;
  #failing = false;

  constructor(options: LastListsOptions) {
    this.#options = options;
    this.#path = lastListsFile(options.dataDir, options.instance);
    this.#now = options.now ?? Date.now;
  }

  /** Reads the lists of the configured VPNs, by VPN name, without those that are too old. To be called once, before `keep`. */
  async load(): Promise<ReadonlyMap<string, DatedLists>> {
    const now = this.#now();
    const { vpns, staleLimitMs } = this.#options;
    const found = await this.#read();
    const all = new Map(
      vpns.flatMap((vpn) => {
        const known = found && Object.hasOwn(found.vpns, vpn) ? found.vpns[vpn] : undefined;
        // A time in the future means that the clock has been set back, so the age of the lists is unknown.
        if (known === undefined || known.at > now || now - known.at > staleLimitMs) return [];
        return [[vpn, known]];
      }),
    );
    // A write for one VPN, before the workflows of the others have answered, must not drop the others' lists.
    for (const [vpn, known] of all) this.#kept.set(vpn, { known, json: JSON.stringify(known.lists) });
    return all;
  }

  /**
   * Takes the lists of a VPN, to be written at once if an engine is no longer in them: that engine is about to be stopped, and the next
   * process must not show it. Other changes are written within 0.5 s, and unchanged lists within 10 s.
   */
  keep(vpn: string, known: DatedLists): void {
    const former = this.#kept.get(vpn);
    const same = former !== undefined && isSame(former.known.lists, known.lists);
    const json = same ? former.json : JSON.stringify(known.lists);
    this.#kept.set(vpn, { known, json });
    if (same) this.#writeWithin(CONFIRM_EVERY_MS);
    else if (former !== undefined && hasLeft(former.known.lists, known.lists)) void this.#write();
    else this.#writeWithin(WRITE_WITHIN_MS);
  }

  /** Completes all writes. */
  async close(): Promise<void> {
    if (this.#due !== null) await this.#write();
    await this.#writing;
  }

  #writeWithin(ms: number): void {
    const at = performance.now() + ms;
    if (this.#due !== null && this.#due.at <= at) return;
    clearTimeout(this.#due?.timer);
    const timer = setTimeout(() => void this.#write(), ms);
    timer.unref();
    this.#due = { at, timer };
  }

  /** Writes one after the other, so that the last write has the last lists. */
  #write(): Promise<void> {
    clearTimeout(this.#due?.timer);
    this.#due = null;
    this.#next ??= this.#writing.then(() => {
      this.#next = null;
      return this.#put(this.#content());
    });
    this.#writing = this.#next;
    return this.#writing;
  }

  #content(): string {
    const vpns = [...this.#kept].map(
      ([vpn, { known, json }]) => `${JSON.stringify(vpn)}:{"at":${known.at},"lists":${json}}`,
    );
    return `{"format":${FORMAT},"vpns":{${vpns.join(',')}}}\n`;
  }

  async #put(content: string): Promise<void> {
    const { dataDir, warn } = this.#options;
    // The name has the process id, because another API process may write to this folder at the same time.
    const draft = `${this.#path}.${process.pid}`;
    try {
      const bytes = Buffer.byteLength(content);
      if (bytes > BYTES_AT_MOST) throw new Error(`they take ${bytes} bytes; the limit is ${BYTES_AT_MOST}`);
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
      await writeFile(draft, content, { mode: 0o600 });
      await rename(draft, this.#path);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) warn(`The last lists can't be saved for the next start (${this.#path}): ${messageOf(error)}`);
      this.#failing = true;
      await rm(draft, { force: true }).catch(() => {});
    }
  }

  async #read(): Promise<Static<typeof FileSchema> | null> {
    let text: string;
    try {
      const { size } = await stat(this.#path);
      if (size > BYTES_AT_MOST) return this.#ignored(`it has ${size} bytes; the limit is ${BYTES_AT_MOST}`);
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      return this.#ignored(messageOf(error));
    }
    const found = parsed(text);
    return Value.Check(FileSchema, found) ? found : this.#ignored('it has no lists in the format of this version');
  }

  #ignored(why: string): null {
    this.#options.warn(`The file of the last lists is ignored, and will be overwritten (${this.#path}): ${why}`);
    return null;
  }
}

/** Undefined when the text is not JSON. The parser's error is dropped, because it quotes the file's content. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hasLeft(before: VpnLists, after: VpnLists): boolean {
  const there = new Set(after.engines.engines.map((e) => e.id));
  return before.engines.engines.some((e) => !there.has(e.id));
}

function isSame(one: VpnLists, other: VpnLists): boolean {
  return (
    one === other || (one.engines.version === other.engines.version && one.streams.version === other.streams.version)
  );
}
