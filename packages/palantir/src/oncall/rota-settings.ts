/** Who is on call, as it stands in a file. */
import { checkAddress } from '../notify/notifier-settings.ts';
import type { Check, Problem } from '../notify/problems.ts';
import { isZone } from './wall-time.ts';

export interface Person {
  /** Unique. */
  readonly name: string;
  /** The id of a member in Slack (`U…`), to be mentioned. */
  readonly slack?: string;
  /** Gets pages from notifiers of the kind `mail`. */
  readonly email?: string;
  /** Notifiers that are told of this person's pages besides those of the routes. */
  readonly to?: readonly string[];
}

/** Somebody takes over for a while. Of overlapping ones the last in the list counts. */
export interface Override {
  readonly person: string;
  /** Moments as in RFC 3339: `2026-12-24T08:00:00+01:00`. */
  readonly from: string;
  readonly until: string;
}

export interface RotaSettings {
  /** `Europe/Berlin` */
  readonly zone: string;
  readonly rotation: 'daily' | 'weekly';
  /** The day on which the first person's first turn begins: `2026-11-23`. */
  readonly start: string;
  /** When one hands over to the next, on the clocks of the zone: `09:00`. */
  readonly at: string;
  /** In the order of their turns; of who does not answer a page the one after is told. */
  readonly people: readonly Person[];
  readonly overrides?: readonly Override[];
  /** A page that nobody acknowledges for so long goes to the next person too. Default `5m`. */
  readonly escalateAfter?: string;
}

const MAX_PEOPLE = 100;
const MAX_OVERRIDES = 1_000;
const MIN_ESCALATE_MS = 60_000;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

export function checkRota(
  check: Check,
  path: Problem['path'],
  value: unknown,
  notifiers: readonly string[],
): void {
  const rota = check.object(path, value, [
    'zone',
    'rotation',
    'start',
    'at',
    'people',
    'overrides',
    'escalateAfter',
  ]);
  if (!rota) return;
  if (typeof rota.zone !== 'string' || !isZone(rota.zone))
    check.say([...path, 'zone'], 'write a time zone such as Europe/Berlin');
  check.oneOf([...path, 'rotation'], rota.rotation, ['daily', 'weekly']);
  if (typeof rota.start !== 'string' || !isDate(rota.start))
    check.say([...path, 'start'], 'write a day such as "2026-11-23"');
  if (typeof rota.at !== 'string' || !TIME.test(rota.at))
    check.say([...path, 'at'], 'write a time such as "09:00"');
  check.duration([...path, 'escalateAfter'], rota.escalateAfter, { atLeastMs: MIN_ESCALATE_MS });

  const names: string[] = [];
  if (!Array.isArray(rota.people) || rota.people.length === 0)
    check.say([...path, 'people'], 'write a list of people, each with a name');
  else
    check.list([...path, 'people'], rota.people, MAX_PEOPLE, (at, one) =>
      checkPerson(check, at, one, names, notifiers),
    );
  check.list([...path, 'overrides'], rota.overrides, MAX_OVERRIDES, (at, one) =>
    checkOverride(check, at, one, names),
  );
}

function checkPerson(
  check: Check,
  path: Problem['path'],
  value: unknown,
  names: string[],
  notifiers: readonly string[],
): void {
  const person = check.object(path, value, ['name', 'slack', 'email', 'to']);
  if (!person) return;
  const name = check.text([...path, 'name'], person.name);
  if (name !== undefined && names.includes(name))
    check.say([...path, 'name'], `two people are named ${name}: tell them apart`);
  if (name !== undefined) names.push(name);
  const { slack } = person;
  if (slack !== undefined && (typeof slack !== 'string' || !/^[UW][A-Z0-9]{2,}$/.test(slack)))
    check.say([...path, 'slack'], 'write the id of a member, such as U024BE7LH');
  if (person.email !== undefined) checkAddress(check, [...path, 'email'], person.email);
  check.list([...path, 'to'], person.to, MAX_PEOPLE, (at, one) => check.oneOf(at, one, notifiers));
}

function checkOverride(check: Check, path: Problem['path'], value: unknown, names: readonly string[]): void {
  const override = check.object(path, value, ['person', 'from', 'until']);
  if (!override) return;
  check.oneOf([...path, 'person'], override.person, names);
  const [from, until] = (['from', 'until'] as const).map((key) => {
    const text = override[key];
    const atMs = typeof text === 'string' && MOMENT.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(atMs))
      check.say([...path, key], 'write a moment with its offset, such as "2026-12-24T08:00:00+01:00"');
    return atMs;
  });
  if (from! >= until!) check.say([...path, 'until'], 'this is later than from');
}

function isDate(text: string): boolean {
  const atMs = DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(text);
}
