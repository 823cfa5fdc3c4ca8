import assert from 'node:assert/strict';
import { test } from 'node:test';
import PostalMime from 'postal-mime';
import { parseAddress } from '../addresses.ts';
import { greeting } from '../fixtures/test-mail.ts';
import { mimeOf } from './mime.ts';

/** A small generator (mulberry32), so that a failure can be repeated. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const PIECES = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  '\u2028',
  '\u0085',
  'Bcc: evil@example.com',
  '\r\nX-Evil: 1',
  '\r\n\r\n<b>',
  '=?UTF-8?Q?=0D=0AX-Evil:_1?=',
  '<',
  '>',
  '"',
  ',',
  ';',
  ':',
  '\\',
  'ö',
  '😀',
  ' ',
  'a',
  '.',
  'x'.repeat(120),
];

test('whatever stands in subject and names, no header and no recipient is added (300 mails)', async () => {
  const random = randoms(7);
  const odd = (): string =>
    Array.from(
      { length: 1 + Math.floor(random() * 8) },
      () => PIECES[Math.floor(random() * PIECES.length)],
    ).join('');
  for (let round = 0; round < 300; round++) {
    const { subject, text } = await greeting.render({ name: odd() });
    const name = odd();
    const filename = odd().replace(/[\0-\x20\x7f-\x9f\u2028\u2029]+/g, ' ');
    const content = await mimeOf(
      {
        id: 1,
        kind: greeting.kind,
        messageId: '<1@goblin.example>',
        from: parseAddress({ name, address: 'from@goblin.example' }),
        replyTo: undefined,
        to: [parseAddress({ name, address: 'to@goblin.example' })],
        cc: [],
        bcc: [],
        recipients: ['to@goblin.example'],
        subject,
        text,
        html: undefined,
        unsubscribe: 'https://goblin.example/leave',
        attachments: [
          {
            place: 0,
            filename,
            contentType: 'text/plain',
            contentId: undefined,
            size: 1,
            async *read() {
              yield Buffer.from('x');
            },
          },
        ],
      },
      undefined,
      0,
    );
    const mail = await PostalMime.parse(Buffer.concat(await content.toArray()));
    const keys = mail.headers.map(({ key }) => key).sort();
    assert.deepEqual(
      keys,
      [
        'content-type',
        'date',
        'from',
        'list-unsubscribe',
        'list-unsubscribe-post',
        'message-id',
        'mime-version',
        'subject',
        'to',
      ],
      `round ${round}`,
    );
    assert.deepEqual(
      mail.to!.map(({ address }) => address),
      ['to@goblin.example'],
      `round ${round}`,
    );
    assert.equal(mail.from!.address, 'from@goblin.example');
    assert.equal(mail.attachments.length, 1);
  }
});
