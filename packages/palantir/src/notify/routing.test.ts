import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf } from './fixtures/samples.ts';
import type { Message, Reason } from './message.ts';
import type { Notifier } from './notifier.ts';
import { defaultRoutes, targetsOf } from './routing.ts';
import type { Route } from './settings.ts';

/** A pager tells no notes. */
const notifiers: ReadonlyMap<string, Notifier> = new Map(
  ['pager', 'slack', 'mail'].map((name) => {
    const takes = ({ reason }: Message): boolean => name !== 'pager' || reason !== 'noted';
    return [name, { name, kind: 'test', takes, send: async () => ({}) }];
  }),
);
const routes: readonly Route[] = [
  { severity: 'page', to: ['pager', 'mail'] },
  { severity: 'page', services: ['pay*', 'tax'], to: ['slack', 'mail'] },
  { severity: 'ticket', to: ['mail'] },
];

function targets(message: Partial<Message>, told: readonly string[] = []): readonly (readonly string[])[] {
  return targetsOf(messageOf(message), { routes, notifiers, told });
}

test('what begins goes by every route that matches: to the first, with the others to stand in', () => {
  const both = [
    ['pager', 'mail'],
    ['slack', 'mail'],
  ];
  assert.deepEqual(targets({ services: ['tax'] }), both);
  assert.deepEqual(targets({ services: ['mail', 'payments'] }), both);
  for (const services of [['shop'], ['xpay'], ['taxi'], []])
    assert.deepEqual(targets({ services }), [['pager', 'mail']]);
  assert.deepEqual(targets({ severity: 'ticket', reason: 'firing' }), [['mail']]);
  assert.deepEqual(targets({ severity: 'info', reason: 'firing' }), []);
});

test('what follows goes to who was told of the beginning, and what they do not tell nobody tells for them', () => {
  assert.deepEqual(targets({ reason: 'resolved', services: ['tax'] }, ['mail']), [['mail']]);
  assert.deepEqual(targets({ reason: 'resolved' }, ['pager']), [['pager', 'mail']]);
  assert.deepEqual(targets({ reason: 'noted' }, ['pager', 'slack']), [['slack', 'mail']]);
  assert.deepEqual(targets({ reason: 'noted' }), []);
});

test('when none of those who were told is there any more, what counts goes by the routes', () => {
  const by = (reason: Reason): unknown => targets({ reason, services: [] }, ['gone']);
  assert.deepEqual(by('resolved'), [['pager', 'mail']]);
  assert.deepEqual(by('escalated'), [['pager', 'mail']]);
  assert.deepEqual(by('joined'), []);
});

test('a person is told by their own ways too, and nobody twice', () => {
  const recipient = { name: 'ada', to: ['mail', 'pager', 'gone'] };
  assert.deepEqual(targets({ recipient, services: [] }), [['pager', 'mail'], ['mail']]);
});

test('without routes pages and tickets go to the first notifier, and the others stand in', () => {
  assert.deepEqual(defaultRoutes(['slack', 'mail']), [
    { severity: 'page', to: ['slack', 'mail'] },
    { severity: 'ticket', to: ['slack', 'mail'] },
  ]);
  assert.deepEqual(defaultRoutes([]), []);
});
