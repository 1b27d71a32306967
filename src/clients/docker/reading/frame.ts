/**
 * Header of a frame in Docker's multiplexed output: stream, three zeros, and the length of the content (Docker's API
 * documentation, 'Attach to a container').
 */
export const HEADER_BYTES = 8;

export interface FrameHeader {
  readonly stream: number;
  /** Of the content, in bytes. */
  readonly length: number;
}

export function frameHeader(bytes: Buffer, at = 0): FrameHeader {
  return { stream: bytes.readUInt8(at), length: bytes.readUInt32BE(at + 4) };
}
