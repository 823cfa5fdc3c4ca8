/** Changes that somebody logs: a line with `change.kind` and `change.title` among its fields stands in the change log. So the supervisor
 * and the commands tell what they do, and a service its flags, also while Palantir is down:
 *
 *   log.info({ change: { kind: 'flag', title: 'new prices for everybody', author: 'ada' } }, 'a flag was set');
 *
 * It is about the service that logs it, or the one it names. What is no change is passed over. */
import type { LogLine } from '../model.ts';
import { CHANGE_KINDS, type Change, type ChangeKind } from './change.ts';
import { MAX_TEXT } from './change-log.ts';

/** What the platform itself logs is about no service, but for the one it names. */
const PLATFORM = 'goblin';

export function changesLogged(lines: readonly LogLine[]): Omit<Change, 'id'>[] {
  return lines.flatMap((line) => changeOf(line) ?? []);
}

function changeOf({ atMs, service: logger, attributes }: LogLine): Omit<Change, 'id'> | undefined {
  const kind = attributes['change.kind'];
  if (kind === undefined || !isKind(kind)) return undefined;
  const text = (name: string): string | undefined => attributes[`change.${name}`]?.slice(0, MAX_TEXT);
  const title = text('title');
  if (title === undefined || title === '') return undefined;
  const service = text('service') ?? (logger === PLATFORM ? undefined : logger);
  const [detail, author] = [text('detail'), text('author')];
  return {
    ...{ atMs, kind, title },
    ...(service !== undefined && { service }),
    ...(detail !== undefined && { detail }),
    ...(author !== undefined && { author }),
  };
}

function isKind(text: string): text is ChangeKind {
  return (CHANGE_KINDS as readonly string[]).includes(text);
}
