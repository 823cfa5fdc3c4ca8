/** Reads the log of one service on from where it was, through all its files. The file that it is in stays open, so what is in it is
 * read to its end also when it is rotated away meanwhile, and its inode stays its own. */
import { type FileHandle, open } from 'node:fs/promises';
import type { LineOrigin } from '../../model.ts';
import { type LogCursor, sourceOf } from './log-cursors.ts';
import type { FoundFile } from './log-file-set.ts';

/** A longer line is left out. The supervisor cuts lines long before. */
export const MAX_LINE_BYTES = 1_048_576;
const NEWLINE = 10;

export interface TailEvents {
  /** @param origin the file, and where in it the line ends */
  line(text: string, origin: LineOrigin): void;
  /** Something is gone that was not read. */
  lost(reason: string): void;
}

export const ROTATED_AWAY = 'log files were rotated away before they were read to their end';
const TRUNCATED = 'a log file became shorter than what was read of it';
const TOO_LONG = `a line of a log is longer than ${MAX_LINE_BYTES} bytes`;

export class LogTail implements AsyncDisposable {
  readonly #service: string;
  readonly #events: TailEvents;
  #start: LogCursor | undefined;
  #file: FileHandle | undefined;
  #inode = 0;
  /** Of the file, once there is a line in it to know it by. */
  #source: string | undefined;
  #position = 0;
  /** Within a line that is too long. */
  #isSkipping = false;
  /** The end of the file before, until there is something read of this one to tell it by. */
  #before: LogCursor | undefined;
  #saved = 0;

  constructor(service: string, start: LogCursor | undefined, events: TailEvents) {
    this.#service = service;
    this.#start = start;
    this.#events = events;
  }

  /** Whether there is something to remember since the last `cursor()`. */
  get hasMoved(): boolean {
    return this.#position !== this.#saved;
  }

  async cursor(): Promise<LogCursor> {
    this.#saved = this.#position;
    if (this.#position === 0 && this.#before) return this.#before;
    return { service: this.#service, source: await this.#known(), position: this.#position };
  }

  /** Reads whole lines of about `maxBytes`. @param files as they were before. @returns how many bytes it went on: 0 at the end */
  async read(files: readonly FoundFile[], maxBytes: number): Promise<number> {
    if (!this.#file) await this.#begin(files);
    let done = 0;
    while (this.#file && done < maxBytes) {
      const taken = await this.#readChunk();
      done += taken;
      // What is listed as newer was there before this read: nothing was added to ours since.
      if (taken === 0 && !(await this.#openNext(files))) break;
    }
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Where files have moved since they were listed, it is tried again with the next list: only what was looked at can be ruled out. */
  async #begin(files: readonly FoundFile[]): Promise<void> {
    const start = this.#start;
    const first = files[0];
    if (!first) return;
    for (const found of start ? files : []) {
      if (found.size < start!.position) continue;
      if (!(await this.#open(found, start!.position))) return this[Symbol.asyncDispose]();
      if ((await this.#known()) === start!.source) return;
    }
    if (!(await this.#open(first, 0))) return this[Symbol.asyncDispose]();
    if (start) this.#events.lost(ROTATED_AWAY);
    this.#start = undefined;
  }

  /** @returns false where the file is not at its path any more; what was open stays open then, until the next look. */
  async #open({ path, inode }: FoundFile, position: number): Promise<boolean> {
    const file = await open(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!file) return false;
    // A rotation since the look has given the path to a newer file: one that was not read would be passed over.
    if ((await file.stat()).ino !== inode) {
      await file.close();
      return false;
    }
    await this.#file?.close();
    this.#file = file;
    this.#inode = inode;
    this.#source = undefined;
    this.#position = position;
    this.#saved = position;
    this.#isSkipping = false;
    return true;
  }

  /** @returns whether there is something else to read now. */
  async #openNext(files: readonly FoundFile[]): Promise<boolean> {
    const at = files.findIndex(({ inode }) => inode === this.#inode);
    // As it is now: it may have grown since it was listed.
    if (at >= 0 && (await this.#file!.stat()).size < this.#position) {
      this.#events.lost(TRUNCATED);
      return this.#open(files[at]!, 0);
    }
    const next = files[at + 1];
    if (!next) return false;
    await this.#takeRest();
    const before = await this.cursor();
    if (!(await this.#open(next, 0))) return false;
    this.#before = before;
    this.#saved = -1;
    if (at < 0) this.#events.lost(ROTATED_AWAY);
    return true;
  }

  /** The lines that are complete. @returns how many bytes it went on */
  async #readChunk(): Promise<number> {
    const { buffer, bytesRead } = await this.#file!.read(
      Buffer.allocUnsafe(MAX_LINE_BYTES),
      0,
      MAX_LINE_BYTES,
      this.#position,
    );
    const end = bytesRead === 0 ? 0 : buffer.lastIndexOf(NEWLINE, bytesRead - 1) + 1;
    if (end === 0) {
      if (bytesRead < MAX_LINE_BYTES) return 0;
      if (!this.#isSkipping) this.#events.lost(TOO_LONG);
      this.#isSkipping = true;
      this.#position += bytesRead;
      return bytesRead;
    }
    const source = await this.#known();
    let from = this.#isSkipping ? buffer.indexOf(NEWLINE) + 1 : 0;
    this.#isSkipping = false;
    for (let to = buffer.indexOf(NEWLINE, from); to >= 0 && to < end; to = buffer.indexOf(NEWLINE, from)) {
      const position = this.#position + to;
      if (to > from) this.#events.line(buffer.toString('utf8', from, to), { source, position });
      from = to + 1;
    }
    this.#position += end;
    return end;
  }

  /** A line at the end of a file that is not written any more, cut off when its writer was killed. */
  async #takeRest(): Promise<void> {
    const { buffer, bytesRead } = await this.#file!.read(
      Buffer.alloc(MAX_LINE_BYTES),
      0,
      MAX_LINE_BYTES,
      this.#position,
    );
    this.#position += bytesRead;
    if (bytesRead === 0 || this.#isSkipping) return;
    const origin = { source: await this.#known(), position: this.#position };
    this.#events.line(buffer.toString('utf8', 0, bytesRead), origin);
  }

  /** Of the file, from when on there is something in it to know it by. */
  async #known(): Promise<string> {
    this.#source ??= await sourceOf(this.#file!, this.#inode);
    return this.#source;
  }
}
