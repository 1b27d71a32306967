// The output of a container, as Docker keeps and sends it.

const STREAMS = { stdout: 1, stderr: 2 } as const;
/** The most lines that are kept; a VPN that runs for days writes more. */
const KEPT = 1_000;

interface Written {
  readonly output: keyof typeof STREAMS;
  readonly line: string;
  readonly at: number;
}

export interface OutputWanted {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Null: all of them. */
  readonly tail: number | null;
  /** Seconds since the epoch. */
  readonly since: number;
}

/** The output of all runs of a container. */
export class Output {
  private written: Written[] = [];
  private readonly followers = new Set<(written: Written | null) => void>();

  write(line: string, output: keyof typeof STREAMS): void {
    const written = { output, line, at: Date.now() };
    this.written.push(written);
    if (this.written.length > KEPT) this.written.shift();
    for (const tell of this.followers) tell(written);
  }

  /** Ends all followers, because the container has ended. */
  end(): void {
    for (const tell of this.followers) tell(null);
  }

  frames(wanted: OutputWanted): Buffer {
    const all = this.written.filter((written) => isWanted(written, wanted));
    const { tail } = wanted;
    return Buffer.concat((tail === null ? all : tail === 0 ? [] : all.slice(-tail)).map(frame));
  }

  /** @param tell gets each frame, and null at the end. @returns a function that ends the following */
  follow(wanted: OutputWanted, tell: (frame: Buffer | null) => void): () => void {
    const follower = (written: Written | null): void => {
      if (written === null) tell(null);
      else if (isWanted(written, wanted)) tell(frame(written));
    };
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }
}

function isWanted({ output, at }: Written, wanted: OutputWanted): boolean {
  return wanted[output] && at / 1000 >= wanted.since;
}

/** A frame of Docker's multiplexed format: stream, three zeros, length, bytes. */
function frame({ output, line }: Written): Buffer {
  const bytes = Buffer.from(`${line}\n`);
  const head = Buffer.alloc(8);
  head.writeUInt8(STREAMS[output], 0);
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}
