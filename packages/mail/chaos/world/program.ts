/** Runs a program of this folder as a process of its own. It writes one line of JSON when it is ready and ends in order when its
 * standard input does. What it says on standard error is kept, and told if it ends by itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Of its last words. */
const MAX_WORDS = 8_192;

export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** The line that it writes when it is ready. Undefined: it ended before. */
  readonly ready: Promise<unknown>;
  /** Undefined while it runs. */
  readonly ending: Ending | undefined;
  /** What it said on standard error last. */
  readonly words: string;
  /** To one that has ended it is nothing. */
  send(signal: NodeJS.Signals): void;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<Ending>;
  /** Lets it end in order. */
  end(): Promise<Ending>;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** @param file relative to the folder of the chaos
 * @param cache where compiled sources are kept, so that a process starts in a third of the time */
export function program(file: string, argument: unknown, cache: string): Program {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const child = spawn(process.execPath, [path, JSON.stringify(argument)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'test', NODE_COMPILE_CACHE: cache },
  });
  let ending: Ending | undefined;
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-MAX_WORDS);
  });
  // Who is killed does not read any more.
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').then(([code, signal]): Ending => {
    ending = { code, signal };
    return ending;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = lines.next().then(({ value, done }) => (done ? undefined : JSON.parse(value)));
  const end = (): Promise<Ending> => {
    child.stdin.end();
    return ended;
  };
  return {
    pid: child.pid!,
    ready,
    get ending() {
      return ending;
    },
    get words() {
      return words;
    },
    send: (signal) => void child.kill(signal),
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
    end,
    async [Symbol.asyncDispose]() {
      if (!ending) child.kill('SIGKILL');
      await ended;
    },
  };
}

/** For the programs themselves. */
export function argument<T>(): T {
  return JSON.parse(process.argv[2]!) as T;
}

export function tellReady(fact: unknown): void {
  process.stdout.write(`${JSON.stringify(fact)}\n`);
}

export async function untilToldToEnd(): Promise<void> {
  process.stdin.resume();
  await once(process.stdin, 'end');
}
