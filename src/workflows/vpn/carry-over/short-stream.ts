import type { ContainerId } from '../../../domain/engine';
import type { Stream } from '../../../domain/streams/stream';

// Streams in few bytes. A stream repeats itself: its id and its addresses contain its key and its session, and the id of its engine
// is in the list of engines, too.

/** Shorter keys and sessions are not replaced by a number: that would save nothing. */
const SHORTEST_PART = 8;

/** A text in pieces, in which a number stands for the key (0) or the session (1). */
type Pieces = string | readonly (string | number)[];

export interface ShortStream extends Omit<Stream, 'id' | 'statUrl' | 'commandUrl' | 'containerId'> {
  readonly id: Pieces;
  readonly statUrl: Pieces;
  readonly commandUrl: Pieces;
  /** A number: an index in the list of engines. */
  readonly containerId: ContainerId | number;
}

/** @param engines their ids are replaced by an index in this list */
export function shortened(stream: Stream, engines: readonly ContainerId[]): ShortStream {
  const parts = partsOf(stream);
  const place = engines.indexOf(stream.containerId);
  return {
    ...stream,
    id: inPieces(stream.id, parts),
    statUrl: inPieces(stream.statUrl, parts),
    commandUrl: inPieces(stream.commandUrl, parts),
    containerId: place < 0 ? stream.containerId : place,
  };
}

/** @param engines the same list as for `shortened` */
export function restored(short: ShortStream, engines: readonly ContainerId[]): Stream {
  const parts = partsOf(short);
  const { containerId } = short;
  return {
    ...short,
    id: inOne(short.id, parts),
    statUrl: inOne(short.statUrl, parts),
    commandUrl: inOne(short.commandUrl, parts),
    containerId: typeof containerId === 'number' ? (engines[containerId] ?? '') : containerId,
  };
}

function partsOf({ key, playbackSessionId }: Pick<Stream, 'key' | 'playbackSessionId'>): string[] {
  return [key, playbackSessionId];
}

function inPieces(text: string, parts: readonly string[]): Pieces {
  let pieces: (string | number)[] = [text];
  for (const [number, part] of parts.entries()) {
    if (part.length < SHORTEST_PART) continue;
    pieces = pieces.flatMap((piece) =>
      typeof piece === 'number' ? piece : piece.split(part).flatMap((rest, i) => (i === 0 ? [rest] : [number, rest])),
    );
  }
  const filled = pieces.filter((piece) => piece !== '');
  return filled.some((piece) => typeof piece === 'number') ? filled : text;
}

function inOne(pieces: Pieces, parts: readonly string[]): string {
  if (typeof pieces === 'string') return pieces;
  return pieces.map((piece) => (typeof piece === 'number' ? (parts[piece] ?? '') : piece)).join('');
}
