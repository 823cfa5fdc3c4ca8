/** Runs dockerd for a test, so that nothing of it is left behind: it is the child of the first process of namespaces of its own, for processes,
 * mounts and the network. When that process ends, the kernel ends everything in them, containers too. It ends the engine, gently first,
 * when its standard input does, which also happens when the test is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PATH = ['/usr/sbin/dockerd', '/usr/bin/dockerd'].find(existsSync);
const STOPS_WITHIN_S = 15;
const MAX_SAID_CHARACTERS = 4_096;

const SUPERVISE = `
  ip link set lo up
  exec 3<&0
  "$0" "$@" 3<&- &
  engine=$!
  (cat <&3 >/dev/null; kill -TERM $engine; sleep ${STOPS_WITHIN_S}; kill -KILL $engine) &
  exec 3<&-
  wait $engine`;

export interface DockerProcess extends AsyncDisposable {
  /** The file of its network. */
  readonly network: string;
  readonly isOver: boolean;
  /** The last line that it has written. */
  readonly said: string;
  /** At once. */
  kill(): void;
}

/** @param network of another, to be in that. @returns why it cannot be, as far as that is known before */
export function dockerProcess(folder: string, socket: string, network?: string): DockerProcess | string {
  if (!PATH) return 'the Debian package docker.io is not installed';
  if (process.getuid?.() !== 0) return 'dockerd needs root';
  const [program = '', ...first] = [
    ...(network === undefined ? ['unshare', '--net'] : ['nsenter', `--net=${network}`, 'unshare']),
    ...['--mount', '--mount-proc', '--pid', '--fork', '--kill-child', 'sh', '-c', SUPERVISE, PATH],
  ];
  const child = spawn(
    program,
    [
      ...first,
      ...['--host', `unix://${socket}`, '--pidfile', join(folder, 'pid'), '--log-level', 'error'],
      ...['--data-root', join(folder, 'root'), '--exec-root', join(folder, 'exec')],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      '--shutdown-timeout=1',
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  );
  child.stdin.on('error', () => {}); // It has ended before its input has.
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MAX_SAID_CHARACTERS);
  });
  let isOver = false;
  const ended = endOf(child).then((fault) => {
    isOver = true;
    said += fault;
  });
  return {
    network: `/proc/${child.pid}/ns/net`,
    get isOver() {
      return isOver;
    },
    get said() {
      return said.trim().split('\n').at(-1)!;
    },
    kill: () => void child.kill('SIGKILL'),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

/** @returns why it did not even begin */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve(''));
    child.once('error', ({ message }) => resolve(message));
  });
}
