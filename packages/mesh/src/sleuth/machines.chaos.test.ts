/** Machines of their own, as network namespaces: beacons cross a real network, processes are killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { type Machine, machines, whyNoNamespaces } from '../membership/testing/namespaces.ts';

const PROCESS = join(import.meta.dirname, 'testing/sleuth-process.ts');
const skip = whyNoNamespaces() ?? false;

interface Running extends Disposable {
  readonly child: ChildProcess;
  line(): Promise<string>;
}

function run(machine: Machine, ...args: readonly string[]): Running {
  const [command = '', ...prefix] = machine.prefix;
  const child = spawn(command, [...prefix, process.execPath, PROCESS, 'eth0', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  return {
    child,
    line: async () => (await lines.next()).value ?? 'ended',
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

test('on three machines services are found by beacon, asked in turn, and one that is killed is asked no more', {
  skip,
}, async () => {
  using net = machines(3);
  const [first, second, third] = net.all;
  using one = run(first!, 'serve', 'tax');
  using two = run(second!, 'serve', 'tax');
  assert.deepEqual([await one.line(), await two.line()], ['ready', 'ready']);
  using asking = run(third!, 'ask', 'tax', '2');
  assert.equal(await asking.line(), 'ready');
  const ask = (): Promise<string> => {
    asking.child.stdin!.write('ask\n');
    return asking.line();
  };
  const answers = [await ask(), await ask(), await ask(), await ask()];
  assert.equal(new Set(answers).size, 2);
  assert.deepEqual(answers.slice(2), answers.slice(0, 2));
  one.child.kill('SIGKILL');
  const afterwards = new Set([await ask(), await ask(), await ask(), await ask()].slice(2));
  assert.deepEqual(afterwards, new Set([String(two.child.pid)]));
  asking.child.stdin!.end();
});
