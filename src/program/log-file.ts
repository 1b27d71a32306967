import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../lib/errors';

const KEEP_BYTES = 20 * 1024 * 1024;

/**
 * A log of at most twice `keepBytes`: a full file is renamed to `<path>.1`, over the one before. A full disk costs
 * lines and nothing else.
 */
export class LogFile {
  private file: number | null = null;
  private size = 0;
  private failing = false;

  /** @param onLoss called once with the reason why lines are lost */
  constructor(
    private readonly path: string,
    private readonly onLoss: (why: string) => void,
    private readonly keepBytes = KEEP_BYTES,
  ) {}

  write(line: string): void {
    try {
      const bytes = Buffer.from(line);
      this.file ??= this.open();
      if (this.size > 0 && this.size + bytes.length > this.keepBytes) this.file = this.rotate(this.file);
      this.size += writeSync(this.file, bytes);
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.onLoss(messageOf(error));
      this.failing = true;
    }
  }

  private open(): number {
    mkdirSync(dirname(this.path), { recursive: true });
    const file = openSync(this.path, 'a');
    this.size = fstatSync(file).size;
    return file;
  }

  private rotate(full: number): number {
    this.file = null;
    closeSync(full);
    renameSync(this.path, `${this.path}.1`);
    return this.open();
  }
}
