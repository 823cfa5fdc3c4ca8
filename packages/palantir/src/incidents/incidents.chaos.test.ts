/** A process that opens incidents and tells of them is killed again and again, wherever it stands. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Received, startReceiver } from '../notify/fixtures/receiver.ts';
import { testState } from '../notify/fixtures/samples.ts';

const DOOMED: string = fileURLToPath(new URL('./fixtures/doomed.ts', import.meta.url));
const ROUNDS = 8;
const PER_ROUND = 40;

/** @param killAfter how many lines it may write; all of them where it is left out */
async function live(args: readonly string[], killAfter = Number.POSITIVE_INFINITY): Promise<string[]> {
  const child = spawn(process.execPath, [DOOMED, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (lines.length === killAfter) child.kill('SIGKILL');
  }
  const [code] = await exited;
  if (killAfter === Number.POSITIVE_INFINITY) assert.equal(code, 0);
  return lines;
}

const titleOf = ({ body }: Received): string => (body.commonAnnotations as { title: string }).title;

test('kill -9 at any moment loses no page and no resolve, and what is sent again has the same key', async () => {
  await using hook = await startReceiver();
  using kept = testState();
  const committed: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Now and then the receiver takes a message and the process dies before it hears so.
    hook.next.push('drop', 'hang');
    const args = [kept.folder, hook.url, String(round * PER_ROUND), String(PER_ROUND)];
    committed.push(...(await live(args, 3 + round * 9)));
  }
  hook.next.length = 0;
  await live([kept.folder, hook.url, '0', '0']);

  const keysOf = new Map<string, Set<unknown>>();
  for (const one of hook.received) {
    const title = titleOf(one);
    keysOf.set(title, (keysOf.get(title) ?? new Set()).add(one.headers['webhook-id']));
  }
  const taken = new Set(hook.taken.map(titleOf));
  assert.ok(committed.length > ROUNDS * 3);
  for (const line of committed) {
    const [what, number] = line.split(' ');
    const title = what === 'opened' ? `PAGE: no. ${number}` : `Resolved after 0 s: no. ${number}`;
    assert.ok(taken.has(title), `${title} was committed and not told`);
    assert.equal(keysOf.get(title)!.size, 1, `${title} was told under more than one key`);
  }
});
