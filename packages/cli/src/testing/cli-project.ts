/** A project in a folder of its own, and the `goblin` command run on it as people run it: as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const REPOSITORY = join(import.meta.dirname, '../../../..');
export const BIN: string = join(REPOSITORY, 'packages/goblin/bin/goblin.js');
const WAIT_MS = 60_000;
/** Several commands long, which are seconds each on a busy machine. */
const PATIENCE_MS = 90_000;
const LOOK_MS = 20;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An event of `goblin up --json`. */
export interface UpEvent {
  readonly event: 'log' | 'status' | 'ready';
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of several kinds
  readonly [field: string]: any;
}

export interface Up extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly events: readonly UpEvent[];
  /** The first event, past or to come, that fits. */
  event(fits: (event: UpEvent) => boolean): Promise<UpEvent>;
  /** Resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface CliProject extends Disposable {
  readonly folder: string;
  write(path: string, text: string): void;
  goblin(...args: string[]): Promise<Finished>;
  /** With something on its standard input. */
  goblinWith(input: string, ...args: string[]): Promise<Finished>;
  /** `goblin up --json`, the edge on any free port, ready. */
  up(...args: string[]): Promise<Up>;
}

/** @param services the lines of the services in the config file. */
export function cliProject(services = '', more = ''): CliProject {
  const folder = mkdtempSync(join(tmpdir(), 'goblin-cli-'));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
  const write = (path: string, text: string): void => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const name = `test-${randomBytes(4).toString('hex')}`;
  write('package.json', '{ "type": "module" }');
  write(
    'goblin.config.ts',
    `import { app } from 'goblin';\n\nexport default app({\n  name: '${name}',\n  services: {\n${services}  },\n${more.includes('palantir') ? '' : '  palantir: false,\n'}${more}});\n`,
  );
  const start = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [BIN, ...args], { cwd: folder, env: environment() });
  const goblinWith = (input: string, ...args: string[]): Promise<Finished> => finish(start(args), input);
  return {
    folder,
    write,
    goblin: (...args) => goblinWith('', ...args),
    goblinWith,
    up: (...args) => startUp(start(['up', '--json', '--port', '0', ...args])),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** That of this process without what would lead to another project, and with one compile cache for all tests. */
export function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GOBLIN_') && name !== 'NODE_TEST_CONTEXT',
  );
  return { ...Object.fromEntries(own), NO_COLOR: '1' };
}

export function finish(child: ChildProcess, input = ''): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin!.on('error', () => {});
  child.stdin!.end(input);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`no end within ${WAIT_MS} ms:\n${stdout}\n${stderr}`));
    }, WAIT_MS);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

async function startUp(child: ChildProcess): Promise<Up> {
  const events: UpEvent[] = [];
  const waiting = new Set<() => void>();
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  createInterface({ input: child.stdout! }).on('line', (line) => {
    events.push(JSON.parse(line) as UpEvent);
    for (const again of waiting) again();
  });

  function event(fits: (event: UpEvent) => boolean): Promise<UpEvent> {
    return new Promise((resolve, reject) => {
      let seen = 0;
      const timer = setTimeout(() => fail(new Error(`no such event within ${WAIT_MS} ms: ${fits}`)), WAIT_MS);
      const fail = (error: Error): void => {
        waiting.delete(look);
        reject(
          new Error(
            `${error.message}\n${stderr}\n${events
              .slice(-5)
              .map((one) => JSON.stringify(one))
              .join('\n')}`,
          ),
        );
      };
      function look(): void {
        const found = events.slice(seen).find(fits);
        seen = events.length;
        if (!found) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(found);
      }
      void exited.then(() => fail(new Error('goblin up has ended')));
      waiting.add(look);
      look();
    });
  }

  async function stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    if (child.exitCode === null) child.kill(signal);
    return exited;
  }

  const up: Up = { child, events, event, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
  await event(({ event }) => event === 'ready');
  return up;
}

/** Waits until there is something, and gives it: logs, discovery and workers come to know of what a command did after it has ended. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > giveUpAt) throw new Error(`waited in vain until ${what}`);
    await sleep(LOOK_MS);
  }
}

/** Sources of a small service: a procedure, a stream, an error of its own, a setting. */
export const GREETER: Readonly<Record<string, string>> = {
  'contract.ts': `import { contract } from 'goblin';
import { z } from 'zod';
export const greeter = contract('greeter.v1', {
  greet: {
    input: z.object({ name: z.string().min(1) }),
    output: z.object({ greeting: z.string() }),
    idempotent: true,
    errors: ['TOO_RUDE'],
    summary: 'Greets.',
  },
  count: { input: z.object({ to: z.int() }), output: z.int(), stream: true },
});
`,
  'service.ts': `import { fail, secret, serve } from 'goblin';
import { z } from 'zod';
import { greeter } from './contract.ts';
export default serve(greeter, (app) => {
  const { GREETING } = app.config({ GREETING: z.string().default('Hello').describe('The first word') });
  app.config({ GREETER_KEY: secret({ optional: true }) });
  return {
    greet: ({ name }) => {
      if (name === 'fool') fail('TOO_RUDE', { name }, 'one does not say that');
      app.log.info({ name }, 'greeted');
      return { greeting: \`\${GREETING} \${name}\` };
    },
    async *count({ to }) {
      for (let i = 1; i <= to; i++) yield i;
    },
  };
}, { routes: { 'GET /hello/:name': (_, call, { name }) => call.greet({ name }).then((answer) => Response.json(answer)) } });
`,
};

export function writeGreeter(project: CliProject): void {
  for (const [file, text] of Object.entries(GREETER)) project.write(`services/greeter/${file}`, text);
}
