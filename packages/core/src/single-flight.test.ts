import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from './cancellation.ts';
import { context } from './context.ts';
import { GoblinError, isGoblinError } from './errors.ts';
import { SingleFlight } from './single-flight.ts';

/** Work that ends when it is told to, and what it runs under. */
function work() {
  const answer = Promise.withResolvers<unknown>();
  const seen: { signal: AbortSignal; deadline: () => number; tenant: string | undefined }[] = [];
  const run = (): Promise<unknown> => {
    const { current } = context;
    seen.push({ signal: context.signal, deadline: () => current.deadline, tenant: current.tenant });
    return answer.promise;
  };
  return { ...answer, run, seen };
}

const canceled = (error: unknown): boolean => isGoblinError(error, 'CANCELED');

test('callers of the same key share one piece of work, one after it has ended does not', async () => {
  const flights = new SingleFlight();
  const { run, seen, resolve } = work();
  let joined = 0;
  const answers = [1, 2, 3].map(() => flights.join('key', run, () => joined++));
  const other = flights.join('other', async () => 'other');
  resolve('answer');
  assert.deepEqual(await Promise.all(answers), ['answer', 'answer', 'answer']);
  assert.equal(await other, 'other');
  assert.equal(seen.length, 1);
  assert.equal(joined, 2);
  assert.equal(flights.has('key'), false);
  assert.equal(await flights.join('key', async () => 'anew'), 'anew');
});

test('who leaves takes nobody with it, not even who began; when all have left the work is cancelled', async () => {
  const flights = new SingleFlight();
  const { run, seen } = work();
  const callers = [1, 2, 3].map(() => {
    const cancellation = new Cancellation();
    return { cancellation, answer: context.run({ cancellation }, () => flights.join('key', run)) };
  });
  for (const { cancellation, answer } of callers) {
    assert.equal(seen[0]!.signal.aborted, false);
    cancellation.cancel(undefined);
    await assert.rejects(answer, canceled);
  }
  assert.equal(seen[0]!.signal.aborted, true);
  const next = flights.join('key', async () => 'nobody joins what was given up');
  assert.equal(await next, 'nobody joins what was given up');
});

test('those who stay get their answer though the first has left', async () => {
  const flights = new SingleFlight();
  const { run, resolve, seen } = work();
  const cancellation = new Cancellation();
  const first = context.run({ cancellation }, () => flights.join('key', run));
  const second = flights.join('key', run);
  cancellation.cancel(undefined);
  await assert.rejects(first, canceled);
  resolve('answer');
  assert.equal(await second, 'answer');
  assert.equal(seen[0]!.signal.aborted, false, 'what has ended is not cancelled');
});

test('the deadline of the work is the longest of those who wait', async () => {
  const flights = new SingleFlight();
  const { run, resolve, seen } = work();
  const from = performance.now();
  const at = (ms: number): Promise<unknown> =>
    context.run({ deadline: from + ms, tenant: 'acme' }, () => flights.join('key', run));
  const answers = [at(10_000), at(30_000), at(20_000)];
  assert.equal(seen[0]!.deadline(), from + 30_000);
  assert.equal(seen[0]!.tenant, 'acme');
  resolve(1);
  await Promise.all(answers);
});

test('each caller waits until its own deadline', async () => {
  const flights = new SingleFlight();
  const { run, resolve } = work();
  const alive = setInterval(() => {}, 1_000);
  const short = context.run({ deadline: performance.now() + 20 }, () => flights.join('key', run));
  const long = flights.join('key', run);
  await assert.rejects(short, (error) => isGoblinError(error, 'DEADLINE_EXCEEDED'));
  clearInterval(alive);
  resolve('answer');
  assert.equal(await long, 'answer');
  await assert.rejects(
    context.run({ deadline: performance.now() - 1 }, () => flights.join('key', run)),
    (error) => isGoblinError(error, 'DEADLINE_EXCEEDED'),
  );
});

test('where the work ends by the deadline of who began it, those with time left begin anew, together', async () => {
  const flights = new SingleFlight();
  const first = work();
  const second = work();
  const soon = context.run({ deadline: performance.now() + 60_000 }, () => flights.join('key', first.run));
  const later = [1, 2].map(() =>
    context.run({ deadline: performance.now() + 90_000 }, () => flights.join('key', second.run)),
  );
  assert.equal(second.seen.length, 0);
  first.reject(new GoblinError('DEADLINE_EXCEEDED'));
  await assert.rejects(soon, (error) => isGoblinError(error, 'DEADLINE_EXCEEDED'));
  second.resolve('answer');
  assert.deepEqual(await Promise.all(later), ['answer', 'answer']);
  assert.equal(second.seen.length, 1);
});

test('whoever comes, leaves and ends: one piece of work at a time, answers for all who stay, none cancelled that is wanted', async () => {
  const flights = new SingleFlight();
  let state = 11;
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  interface Run {
    readonly signal: AbortSignal;
    readonly answer: PromiseWithResolvers<number>;
    isOver: boolean;
  }
  const runs: Run[] = [];
  const wanted = (): Run[] => runs.filter(({ signal, isOver }) => !signal.aborted && !isOver);
  const work = (): Promise<number> => {
    assert.equal(wanted().length, 0, 'one at a time');
    const run = { signal: context.signal, answer: Promise.withResolvers<number>(), isOver: false };
    runs.push(run);
    return run.answer.promise;
  };
  const staying = new Set<Cancellation>();
  const calls: Promise<void>[] = [];
  for (let step = 0; step < 3_000; step++) {
    const choice = random();
    if (choice < 0.5) {
      const cancellation = new Cancellation();
      staying.add(cancellation);
      const answer = context.run({ cancellation }, () => flights.join('key', work));
      calls.push(
        answer.then(
          () => void staying.delete(cancellation),
          () => assert.equal(cancellation.cancelled, true, 'only who left gets no answer'),
        ),
      );
    } else if (choice < 0.85) {
      const [leaving] = [...staying].slice(Math.floor(random() * staying.size));
      leaving?.cancel(undefined);
      if (leaving) staying.delete(leaving);
    } else {
      const [run] = wanted();
      if (run) run.isOver = true;
      run?.answer.resolve(step);
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(wanted().length, staying.size > 0 ? 1 : 0, 'work runs exactly while somebody waits');
  }
  for (const run of wanted()) run.answer.resolve(0);
  await Promise.all(calls);
  assert.equal(flights.has('key'), false);
});

test('a failure is the same for all', async () => {
  const flights = new SingleFlight();
  const { run, reject } = work();
  const answers = [1, 2].map(() => flights.join('key', run));
  reject(new GoblinError('NOT_FOUND'));
  for (const answer of answers) await assert.rejects(answer, (error) => isGoblinError(error, 'NOT_FOUND'));
  assert.equal(flights.has('key'), false);
});

test('nobody can change the answer of another', async () => {
  const flights = new SingleFlight();
  const { run, resolve } = work();
  const join = async (): Promise<unknown> => {
    const answer = (await flights.join('key', run)) as { rate: number };
    const rate = answer.rate;
    answer.rate = 0;
    return rate;
  };
  const rates = [join(), join(), join()];
  resolve({ rate: 0.2 });
  assert.deepEqual(await Promise.all(rates), [0.2, 0.2, 0.2]);
});

test('what cannot be copied is not shared, and is said so', async () => {
  const flights = new SingleFlight();
  const { run, resolve } = work();
  const [first, second] = [flights.join('key', run), flights.join('key', run)];
  resolve(() => {});
  await first;
  await assert.rejects(
    second!,
    (error) => isGoblinError(error, 'INTERNAL') && /plain data/.test(error.message),
  );
});
