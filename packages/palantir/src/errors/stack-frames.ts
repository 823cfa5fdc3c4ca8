/** The frames of a stack that are the program's own: not those of node: or of packages. Without lines and columns, which change with
 * every edit, and without the folders above the file, which change with every deploy. */

const MAX_STACK_LENGTH = 20_000;
const MAX_FRAME_LENGTH = 200;
/** Of a path, from its end. */
const KEPT_SEGMENTS = 3;
/** As V8 prints it, and as Java does: `at name (file:line:column)`, `at file:line:column`. */
const FRAME = /^\s*at (?:(?<name>.+?) ?\()?(?<file>[^()\n]+?)(?::\d+){1,2}\)?$/;
const FOREIGN = /^node:|[/\\]node_modules[/\\]|^(?:native|<anonymous>|internal[/\\])/;

/** `charge src/payments/charge.ts`, the innermost first. */
export function ownFrames(stack: string, limit: number): string[] {
  const frames: string[] = [];
  for (const line of stack.slice(0, MAX_STACK_LENGTH).split('\n')) {
    const { name = '', file } = FRAME.exec(line)?.groups ?? {};
    if (!file || FOREIGN.test(file)) continue;
    frames.push(`${functionOf(name)} ${tailOf(file)}`.slice(0, MAX_FRAME_LENGTH));
    if (frames.length === limit) break;
  }
  return frames;
}

/** `async Object.charge [as handler]` is `charge`. */
function functionOf(name: string): string {
  const bare = name.replace(/^(?:async |new )+/, '').replace(/ \[as .+\]$/, '');
  return bare.replace(/^(?:Object|Module|Function|process)\./, '') || '<anonymous>';
}

function tailOf(file: string): string {
  const segments = file
    .replace(/^(?:async )?(?:file:\/\/)?/, '')
    .split(/[?#]/, 1)[0]!
    .split(/[/\\]/);
  return segments.slice(-KEPT_SEGMENTS).join('/');
}
