/** For chaos tests: a network of machines that are network namespaces, each with an address of its own behind a
 * bridge. Needs root and `ip`. */
import { execFileSync } from 'node:child_process';

export interface Machine {
  readonly host: string;
  /** What starts a command on it. */
  readonly prefix: readonly string[];
  /** Cuts its cable, or mends it. */
  link(state: 'up' | 'down'): void;
}

export interface Machines extends Disposable {
  /** Of this process in their network. */
  readonly host: string;
  readonly all: readonly Machine[];
}

/** Why there can be no such network here; undefined when there can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'making network namespaces needs root';
  try {
    ip('link', 'add', 'gobprobe', 'type', 'bridge');
    ip('link', 'del', 'gobprobe');
    return undefined;
  } catch (error) {
    return `ip cannot make a bridge: ${(error as Error).message.split('\n').at(-1)}`;
  }
}

export function machines(count: number): Machines {
  removeAbandoned();
  const bridge = `gob${process.pid}`;
  const network = `10.${200 + (process.pid % 50)}.${process.pid % 250}`;
  const stack = new DisposableStack();
  try {
    ip('link', 'add', bridge, 'type', 'bridge');
    stack.defer(() => ip('link', 'del', bridge));
    ip('addr', 'add', `${network}.1/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    const all = Array.from({ length: count }, (_, i): Machine => {
      const name = `${bridge}x${i}`;
      const host = `${network}.${i + 10}`;
      ip('netns', 'add', name);
      stack.defer(() => ip('netns', 'del', name));
      ip('link', 'add', `${name}b`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      ip('link', 'set', `${name}b`, 'master', bridge, 'up');
      ip('-n', name, 'addr', 'add', `${host}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
      return {
        host,
        prefix: ['ip', 'netns', 'exec', name],
        link: (state) => void ip('link', 'set', `${name}b`, state),
      };
    });
    return { host: `${network}.1`, all, [Symbol.dispose]: () => stack.dispose() };
  } catch (error) {
    stack.dispose();
    throw error;
  }
}

/** What tests have left that were killed themselves. Names carry the process's id. */
function removeAbandoned(): void {
  for (const [name = '', owner] of ip('netns', 'list').matchAll(/^gob(\d+)x\d+/gm)) {
    if (!isRunning(Number(owner))) ip('netns', 'del', name);
  }
  for (const [, name = '', owner] of ip('-o', 'link').matchAll(/: (gob(\d+)):/g)) {
    if (!isRunning(Number(owner))) ip('link', 'del', name);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
