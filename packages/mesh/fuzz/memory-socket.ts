/** For fuzz targets: a socket whose other end is whoever holds it. What is written to it can be read at once, and nothing
 * waits for a turn of the event loop. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

export class MemorySocket extends EventEmitter {
  readonly written: Buffer[] = [];
  writable = true;
  readonly writableLength = 0;
  bytesRead = 0;

  /** As an end of a link takes it. */
  asSocket(): Socket {
    return this as unknown as Socket;
  }

  /** The other end sends this. */
  receive(chunk: Buffer): void {
    this.bytesRead += chunk.length;
    this.emit('data', chunk);
  }

  /** The connection is gone. */
  cut(): void {
    this.writable = false;
    this.emit('close');
  }

  write(chunk: Buffer): boolean {
    // The writer uses its buffer again.
    this.written.push(Buffer.from(chunk));
    return true;
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.writable) this.cut();
  }

  isPaused(): boolean {
    return false;
  }

  setNoDelay(): void {}
  pause(): void {}
  resume(): void {}
}
