/** Takes a container's log stream apart. Without a terminal it is frames, each a message of one stream: 8 bytes of head (stream, three
 * zeros, length big-endian) and the text; with a terminal it is text alone. As timestamps are asked for, each message begins
 * with one; a message that does not end a line goes on in the next one of its stream.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach */
import { MAX_BODY_LENGTH } from '../../decode/limits.ts';

export type LogStream = 'stdout' | 'stderr';

export interface StampedLine {
  readonly stream: LogStream;
  /** RFC 3339 with nanoseconds, as Docker wrote it; empty where it wrote none. */
  readonly stamp: string;
  readonly text: string;
}

const HEAD_BYTES = 8;
const STDERR = 2;
/** An engine makes no message of more than 16 KB by itself; one that claims this is none of Docker's. */
export const MAX_FRAME_BYTES: number = 4 * 1_048_576;
/** Of one line; the rest of it is left out. Bodies are cut there anyway. */
const MAX_LINE_CHARACTERS: number = MAX_BODY_LENGTH;
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ?/;

export interface LogFrames {
  /** The lines that are complete with this. @throws RangeError where it is no such stream */
  add(chunk: Buffer): StampedLine[];
  /** What has no end of line at the end of the stream. */
  end(): StampedLine[];
}

export function logFrames(hasTerminal: boolean): LogFrames {
  return hasTerminal ? terminalText() : multiplexed();
}

function multiplexed(): LogFrames {
  let rest: Buffer = Buffer.alloc(0);
  const open = { stdout: lineBuilder('stdout'), stderr: lineBuilder('stderr') };
  return {
    add(chunk) {
      const lines: StampedLine[] = [];
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (bytes.length - at >= HEAD_BYTES) {
        const length = bytes.readUInt32BE(at + 4);
        if (length > MAX_FRAME_BYTES || bytes.readUIntBE(at + 1, 3) !== 0 || bytes[at]! > STDERR)
          throw new RangeError('the log stream does not consist of frames');
        const start = at + HEAD_BYTES;
        if (bytes.length < start + length) break;
        const stream = bytes[at] === STDERR ? 'stderr' : 'stdout';
        open[stream].message(bytes.toString('utf8', start, start + length), lines);
        at = start + length;
      }
      rest = Buffer.from(bytes.subarray(at));
      return lines;
    },
    end: () => [...open.stdout.end(), ...open.stderr.end()],
  };
}

/** Joins the messages of a line. The first one's stamp is the line's. */
function lineBuilder(stream: LogStream) {
  let stamp = '';
  let text: string | undefined;
  const take = (): StampedLine[] => {
    const line = text === undefined ? [] : [{ stream, stamp, text: text.replace(/\r$/, '') }];
    text = undefined;
    return line;
  };
  return {
    message(message: string, lines: StampedLine[]): void {
      const found = STAMP.exec(message);
      const body = found ? message.slice(found[0].length) : message;
      if (text === undefined) stamp = found?.[1] ?? '';
      const isWhole = body.endsWith('\n');
      text = ((text ?? '') + (isWhole ? body.slice(0, -1) : body)).slice(0, MAX_LINE_CHARACTERS);
      if (isWhole) lines.push(...take());
    },
    end: take,
  };
}

function terminalText(): LogFrames {
  const decoder = new TextDecoder();
  let rest = '';
  const stamped = (line: string): StampedLine => {
    const [whole = '', stamp = ''] = STAMP.exec(line) ?? [];
    return { stream: 'stdout', stamp, text: line.slice(whole.length).replace(/\r$/, '') };
  };
  return {
    add(chunk) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = parts.pop()!.slice(0, 2 * MAX_LINE_CHARACTERS);
      return parts.map(stamped);
    },
    end: () => (rest === '' ? [] : [stamped(rest)]),
  };
}
