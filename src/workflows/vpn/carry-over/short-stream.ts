import type { ContainerId } from '../../../domain/engine';
import type { Stream } from '../../../domain/streams/stream';

// A stream says the same several times over: its id and its addresses are mostly made of its key and its session, and
// its engine's id is known anyway.

/** Shorter ones are not worth a number in their place. */
const SHORTEST_PART = 8;

/** A text in pieces; a number stands for the key (0) or the session (1). */
type Pieces = string | readonly (string | number)[];

export interface ShortStream extends Omit<Stream, 'id' | 'statUrl' | 'commandUrl' | 'containerId'> {
  readonly id: Pieces;
  readonly statUrl: Pieces;
  readonly commandUrl: Pieces;
  /** A number: the place in the list of engines. */
  readonly containerId: ContainerId | number;
}

/** @param engines whose ids need not be repeated */
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

/** @param engines as they were given when it was shortened */
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
