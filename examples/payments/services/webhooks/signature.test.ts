import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, Secret } from 'goblin';
import { sign } from '../../acquirer/webhooks.ts';
import { verify } from './signature.ts';

// The example of the reference implementations of Standard Webhooks.
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const message = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: '1614265330',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  body: '{"test": 2432232314}',
};
const sentAtMs = 1_614_265_330_000;

const refused = (error: unknown): boolean => isGoblinError(error, 'UNAUTHENTICATED');

test('the published example of the specification is accepted', () => {
  verify(message, new Secret(SECRET), sentAtMs);
  assert.equal(sign(SECRET, message.id, 1_614_265_330, message.body), message.signature);
});

test('one fitting signature among several is enough, while a secret is being changed', () => {
  verify({ ...message, signature: `v1,AAAA v2,abc ${message.signature}` }, new Secret(SECRET), sentAtMs);
});

test('a message that was changed in any part, or signed with another secret, is refused', () => {
  const changed = [
    { ...message, id: 'msg_other' },
    { ...message, timestamp: '1614265331' },
    { ...message, body: '{"test": 2432232315}' },
    { ...message, signature: message.signature.replace('v1,', 'v1a,') },
    { ...message, signature: '' },
    { ...message, signature: 'v1,' },
  ];
  for (const other of changed) assert.throws(() => verify(other, new Secret(SECRET), sentAtMs), refused);
  assert.throws(() => verify(message, new Secret('whsec_c29tZXRoaW5nIGVsc2U='), sentAtMs), refused);
});

test('a message is refused that was signed more than five minutes ago, or in the future', () => {
  for (const offsetMs of [-301_000, 301_000]) {
    assert.throws(() => verify(message, new Secret(SECRET), sentAtMs + offsetMs), refused);
  }
  verify(message, new Secret(SECRET), sentAtMs + 299_000);
});
