import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ROOMS_PER_SOCKET, Rooms } from './rooms.ts';

test('a room has those who joined and did not leave', () => {
  const rooms = new Rooms<string>();
  rooms.join('ann', 'red');
  rooms.join('ann', 'red');
  rooms.join('bob', 'red');
  rooms.join('bob', 'blue');
  assert.deepEqual([...rooms.members('red')], ['ann', 'bob']);
  rooms.leave('ann', 'red');
  rooms.leave('ann', 'green');
  assert.deepEqual([...rooms.members('red')], ['bob']);
  assert.deepEqual([...rooms.members('nowhere')], []);
});

test('an empty room is forgotten, and so is who has left all', () => {
  const rooms = new Rooms<string>();
  rooms.join('ann', 'red');
  rooms.join('ann', 'blue');
  rooms.forget('ann');
  assert.equal(rooms.size, 0);
});

test('nobody can be in ever more rooms', () => {
  const rooms = new Rooms<string>();
  for (let i = 0; i < MAX_ROOMS_PER_SOCKET; i++) rooms.join('ann', `room ${i}`);
  assert.throws(() => rooms.join('ann', 'one more'), { code: 'RESOURCE_EXHAUSTED' });
  rooms.join('ann', 'room 0');
  rooms.leave('ann', 'room 0');
  rooms.join('ann', 'one more');
});
