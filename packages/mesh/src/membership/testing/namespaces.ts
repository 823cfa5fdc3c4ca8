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
  const id = process.pid % 10_000;
  const bridge = `gob${id}`;
  const network = `10.${200 + (id % 50)}.${id % 250}`;
  const stack = new DisposableStack();
  try {
    ip('link', 'add', bridge, 'type', 'bridge');
    stack.defer(() => ip('link', 'del', bridge));
    ip('addr', 'add', `${network}.1/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    const all = Array.from({ length: count }, (_, i): Machine => {
      const name = `gob${id}x${i}`;
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
        link: (state) => ip('link', 'set', `${name}b`, state),
      };
    });
    return { host: `${network}.1`, all, [Symbol.dispose]: () => stack.dispose() };
  } catch (error) {
    stack.dispose();
    throw error;
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
