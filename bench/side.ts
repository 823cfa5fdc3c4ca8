/** A process that takes part in a benchmark and is steered over IPC: it says `{ id: 0, answer }` when it is ready, and
 * answers each order under the order's id. `{ do: 'close' }` ends it. */
import { type ChildProcess, fork } from 'node:child_process';

const CLOSE_TIMEOUT_MS = 10_000;

export interface Side {
  /** @throws when the process ends before it has answered */
  ask<T>(order: { readonly do: string } & Record<string, unknown>): Promise<T>;
  /** Within CLOSE_TIMEOUT_MS; a side that takes longer is killed, and named. */
  close(): Promise<void>;
}

/** Starts a program and answers what it said when it was ready. @param name what errors call it */
export async function startSide(
  name: string,
  program: string,
  args: readonly string[],
): Promise<[Side, string]> {
  const child: ChildProcess = fork(program, args, { env: { ...process.env, NODE_ENV: 'production' } });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  const answerTo = (id: number): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>();
    waiting.set(id, answer);
    return answer.promise;
  };
  child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
    waiting.get(id)?.resolve(answer);
    waiting.delete(id);
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended with code ${code}`));
  });
  const started = (await answerTo(0)) as string;
  const side: Side = {
    ask<T>(order: { readonly do: string }) {
      const id = ++lastId;
      const answer = answerTo(id);
      child.send({ id, ...order });
      return answer as Promise<T>;
    },
    async close() {
      const kill = setTimeout(() => {
        console.error(`${name} did not close within ${CLOSE_TIMEOUT_MS / 1_000} s`);
        child.kill('SIGKILL');
      }, CLOSE_TIMEOUT_MS);
      child.send({ id: ++lastId, do: 'close' });
      await ended;
      clearTimeout(kill);
    },
  };
  return [side, started];
}
