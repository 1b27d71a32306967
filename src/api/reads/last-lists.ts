import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { keyTypes, type Stream } from '../../domain/streams/stream';
import type { Instant, ListedEngine } from '../../domain/engine';
import { codeOf, messageOf } from '../../lib/errors';
import type { VpnLists } from '../../gateways/vpn-source';

/** Raised when files of before are of no use any more. */
const FORMAT = 1;
/** Hundreds of VPNs with thousands of streams need less. */
const BYTES_AT_MOST = 16 * 1024 * 1024;
/** What changes within it is written once. */
const WRITE_WITHIN_MS = 500;
/** A list that stays as it is grows old in the file by no more than this. */
const CONFIRM_EVERY_MS = 10_000;

/** What a VPN's workflow has said, and when it was still so. */
export interface KnownLists {
  readonly lists: VpnLists;
  readonly at: Instant;
}

export interface LastListsOptions {
  readonly dataDir: string;
  readonly instance: string;
  /** The configured ones: what is known of others is forgotten. */
  readonly vpns: readonly string[];
  /** What is older than this is not given. */
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
 * The last lists of an API, kept in the data folder, so that its next start has something to show, marked stale, until the workflows
 * answer. It is worth nothing beyond that: what can't be read is done without, and a file that can't be written costs a warning.
 */
export class LastLists {
  readonly #options: LastListsOptions;
  readonly #path: string;
  readonly #now: () => Instant;
  readonly #kept = new Map<string, { readonly known: KnownLists; readonly json: string }>();
  #due: { readonly at: number; readonly timer: NodeJS.Timeout } | null = null;
  #writing: Promise<void> = Promise.resolve();
  /** The write that has not begun: it takes along all that changes until then. */
  #next: Promise<void> | null = null;
  #failing = false;

  constructor(options: LastListsOptions) {
    this.#options = options;
    this.#path = lastListsFile(options.dataDir, options.instance);
    this.#now = options.now ?? Date.now;
  }

  /** What is known of the configured VPNs, by name, from before this process; nothing that is too old. To be called once, first. */
  async load(): Promise<ReadonlyMap<string, KnownLists>> {
    const now = this.#now();
    const { vpns, staleLimitMs } = this.#options;
    const found = await this.#read();
    const all = new Map(
      vpns.flatMap((vpn) => {
        const known = found && Object.hasOwn(found.vpns, vpn) ? found.vpns[vpn] : undefined;
        // From the future, as the clock has been set back: nobody knows how old it is.
        if (known === undefined || known.at > now || now - known.at > staleLimitMs) return [];
        return [[vpn, known]];
      }),
    );
    // They are written again, as old as they are, when another VPN is known sooner than theirs.
    for (const [vpn, known] of all) this.#kept.set(vpn, { known, json: JSON.stringify(known.lists) });
    return all;
  }

  /**
   * The VPN's lists were true at that instant. Written soon where they have changed, now and then where they have not, and at once where
   * an engine has left: it is about to be stopped, and the next start must not show it again.
   */
  keep(vpn: string, known: KnownLists): void {
    const former = this.#kept.get(vpn);
    const same = former !== undefined && isSame(former.known.lists, known.lists);
    const json = same ? former.json : JSON.stringify(known.lists);
    this.#kept.set(vpn, { known, json });
    if (same) this.#writeWithin(CONFIRM_EVERY_MS);
    else if (former !== undefined && hasLeft(former.known.lists, known.lists)) void this.#write();
    else this.#writeWithin(WRITE_WITHIN_MS);
  }

  /** Writes what is not written yet. */
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

  /** One after the other: the last one has the last lists. */
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
    // Another API on this folder writes at the same time; what this one leaves when it is killed is overwritten.
    const draft = `${this.#path}.${process.pid}`;
    try {
      const bytes = Buffer.byteLength(content);
      if (bytes > BYTES_AT_MOST) throw new Error(`they take ${bytes} bytes, of at most ${BYTES_AT_MOST}`);
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
      await writeFile(draft, content, { mode: 0o600 });
      await rename(draft, this.#path);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) warn(`The last lists can't be kept for the next start (${this.#path}): ${messageOf(error)}`);
      this.#failing = true;
      await rm(draft, { force: true }).catch(() => {});
    }
  }

  async #read(): Promise<Static<typeof FileSchema> | null> {
    let text: string;
    try {
      const { size } = await stat(this.#path);
      if (size > BYTES_AT_MOST) return this.#unread(`${size} bytes, of at most ${BYTES_AT_MOST}`);
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      return this.#unread(messageOf(error));
    }
    const found = parsed(text);
    return Value.Check(FileSchema, found) ? found : this.#unread('it holds no lists of this version of Portward');
  }

  #unread(why: string): null {
    this.#options.warn(`The last lists are not read, and the next ones take their place (${this.#path}): ${why}`);
    return null;
  }
}

/** Undefined: no JSON. What an error says of it would be the file's content. */
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
