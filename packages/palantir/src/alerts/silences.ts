/** Silences: who asked for quiet about what, until when, and why. They are kept in the state database; those that are over are shown for
 * KEPT_MS. A silence has to name something: matchers that take every alert are refused. */
import { type Clock, GoblinError } from '@goblin/core';
import type { Labels, Matcher } from '../model.ts';
import type { StateDatabase } from '../state/state-database.ts';
import { type CompiledMatcher, compileMatchers } from '../store/matching.ts';

const KEPT_MS = 7 * 86_400_000;
const MAX_SILENCES = 1_000;
const MAX_MATCHERS = 20;
const MAX_TEXT = 1_000;
const MAX_LENGTH_MS = 366 * 86_400_000;

const STEPS = [
  `CREATE TABLE silence (
    id INTEGER PRIMARY KEY AUTOINCREMENT, matchers TEXT NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    author TEXT NOT NULL, comment TEXT NOT NULL, expired_by TEXT
  ) STRICT`,
];

export interface Silence {
  readonly id: number;
  /** On the labels of alerts, `rule` and `severity`. All of them have to take it. */
  readonly matchers: readonly Matcher[];
  /** Milliseconds since the Unix epoch. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly author: string;
  readonly comment: string;
  /** Who ended it before its time. */
  readonly expiredBy?: string;
}

export type NewSilence = Pick<Silence, 'matchers' | 'untilMs' | 'author' | 'comment'>;

export interface Silences {
  /** @throws INVALID_INPUT naming the field, RESOURCE_EXHAUSTED */
  add(silence: NewSilence): Silence;
  /** Newest first, those that were over within the last week among them. */
  list(): readonly Silence[];
  /** Ends it now. One that is over stays as it is. @throws NOT_FOUND */
  expire(id: number, by: string): Silence;
}

export interface SilenceTable extends Silences {
  /** The silence that covers these labels at this moment. */
  covering(labels: Labels, atMs: number): Silence | undefined;
}

interface Row {
  readonly id: number;
  readonly matchers: string;
  readonly from_ms: number;
  readonly until_ms: number;
  readonly author: string;
  readonly comment: string;
  readonly expired_by: string | null;
}

/** @param onChange called when a silence begins or ends by hand */
export function createSilences(state: StateDatabase, clock: Clock, onChange: () => void): SilenceTable {
  state.migrate('silences', STEPS);
  const { db } = state;
  const insert = db.prepare(
    'INSERT INTO silence (matchers, from_ms, until_ms, author, comment) VALUES (?, ?, ?, ?, ?) RETURNING id',
  );
  const end = db.prepare('UPDATE silence SET until_ms = ?, expired_by = ? WHERE id = ?');
  const forget = db.prepare('DELETE FROM silence WHERE until_ms < ?');
  const known = new Map<number, { silence: Silence; takes: readonly CompiledMatcher[] }>();
  for (const row of db.prepare('SELECT * FROM silence ORDER BY id').all())
    keep(silenceOf(row as unknown as Row));

  function keep(silence: Silence): Silence {
    known.set(silence.id, { silence, takes: compileMatchers(silence.matchers) });
    return silence;
  }

  function forgetOld(atMs: number): void {
    forget.run(atMs - KEPT_MS);
    for (const [id, { silence }] of known) if (silence.untilMs < atMs - KEPT_MS) known.delete(id);
  }

  return {
    add(given) {
      const fromMs = Math.round(clock.wall());
      check(given, fromMs);
      forgetOld(fromMs);
      if (known.size >= MAX_SILENCES)
        throw new GoblinError('RESOURCE_EXHAUSTED', {
          message: `there are ${MAX_SILENCES} silences already: fewer with wider matchers say the same`,
        });
      const { matchers, author, comment } = given;
      const untilMs = Math.round(given.untilMs);
      const row = insert.get(JSON.stringify(matchers), fromMs, untilMs, author, comment);
      const silence = keep({ id: Number(row!.id), matchers, fromMs, untilMs, author, comment });
      onChange();
      return silence;
    },
    list: () => [...known.values()].map(({ silence }) => silence).reverse(),
    expire(id, by) {
      checkText('by', by);
      const silence = known.get(id)?.silence;
      if (!silence) throw new GoblinError('NOT_FOUND', { message: `there is no silence ${id}` });
      const atMs = Math.round(clock.wall());
      if (silence.untilMs <= atMs) return silence;
      end.run(atMs, by, id);
      const ended = keep({ ...silence, untilMs: atMs, expiredBy: by });
      onChange();
      return ended;
    },
    covering(labels, atMs) {
      for (const { silence, takes } of known.values()) {
        const isNow = silence.fromMs <= atMs && atMs < silence.untilMs;
        if (isNow && takes.every((matcher) => matcher.takes(labels[matcher.label] ?? ''))) return silence;
      }
      return undefined;
    },
  };
}

function check({ matchers, untilMs, author, comment }: NewSilence, nowMs: number): void {
  if (matchers.length === 0 || matchers.length > MAX_MATCHERS)
    throw invalid(`matchers: write at least one and at most ${MAX_MATCHERS}`);
  // As in Alertmanager: what takes labels that are not there takes everything.
  if (compileMatchers(matchers).every(({ takes }) => takes('')))
    throw invalid('matchers: these take every alert; name a service, a rule or another label');
  if (!(untilMs > nowMs && untilMs <= nowMs + MAX_LENGTH_MS))
    throw invalid(
      'untilMs: write a time in the future, at most a year from now, in milliseconds since the epoch',
    );
  checkText('author', author);
  checkText('comment', comment);
}

function checkText(field: string, text: string): void {
  if (text.trim() === '' || text.length > MAX_TEXT)
    throw invalid(`${field}: write a text of at most ${MAX_TEXT} characters`);
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}

function silenceOf({ id, matchers, from_ms, until_ms, author, comment, expired_by }: Row): Silence {
  return {
    ...{ id, fromMs: from_ms, untilMs: until_ms, author, comment },
    matchers: JSON.parse(matchers) as Matcher[],
    ...(expired_by !== null && { expiredBy: expired_by }),
  };
}
