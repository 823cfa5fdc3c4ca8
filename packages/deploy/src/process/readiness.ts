/** Asks an instance regularly whether it is ready, by its `/readyz`: a process may run well whose database is gone. What
 * is wrong is shown; nothing is restarted for it, because a restart does not mend a database. */
import { get } from 'node:http';
import type { Clock, Health } from '@goblin/core';

const PERIOD_MS = 2_000;
const ANSWER_TIMEOUT_MS = 1_500;
const MAX_ANSWER_CHARS = 64 * 1024;

/** @param onChange told what is wrong, or undefined when all is well again.
 * @returns what ends it. */
export function watchReadiness(
  url: string,
  onChange: (problem: string | undefined) => void,
  clock: Clock,
): () => void {
  let known: string | undefined;
  let asking = false;
  const timer = clock.every(PERIOD_MS, async () => {
    if (asking) return;
    asking = true;
    const problem = await problemOf(url);
    asking = false;
    if (problem === known) return;
    known = problem;
    onChange(problem);
  });
  return () => timer.cancel();
}

/** Undefined when it is ready, and also when it cannot be asked: that it hangs or is gone shows elsewhere. */
async function problemOf(url: string): Promise<string | undefined> {
  try {
    const { status, text } = await ask(`${url}/readyz`);
    if (status !== 503) return undefined;
    const { checks = {} } = JSON.parse(text) as { checks?: Record<string, Health> };
    const failing = Object.entries(checks).filter(
      ([name, { ok }]) => !ok && name !== 'state' && name !== 'server',
    );
    return (
      failing.map(([name, { detail }]) => (detail ? `${name}: ${detail}` : name)).join('; ') || undefined
    );
  } catch {
    return undefined;
  }
}

function ask(url: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: ANSWER_TIMEOUT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (text.length > MAX_ANSWER_CHARS) request.destroy(new Error('the answer is too long'));
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
  });
}
