import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBaggage, MAX_BAGGAGE_LENGTH, MAX_BAGGAGE_MEMBERS, parseBaggage } from './baggage.ts';

function entries(header: string): [string, string][] | undefined {
  const baggage = parseBaggage(header);
  return baggage && [...baggage];
}

test('baggage is read with its percent encoding and without its properties', () => {
  assert.deepEqual(entries('plan=gold, region = eu ;hidden;ttl=5,name=J%C3%BCrgen%2C%20%22x%22,empty='), [
    ['plan', 'gold'],
    ['region', 'eu'],
    ['name', 'Jürgen, "x"'],
    ['empty', ''],
  ]);
});

test('whatever text is sent as baggage arrives as it was', () => {
  const baggage = new Map([
    ['plain', 'a'],
    ['awkward', 'ünïcode, = ; % \\ " \t\r\n \0 🙂'],
    ['constructor', '__proto__'],
    ['empty', ''],
  ]);
  assert.deepEqual(parseBaggage(formatBaggage(baggage)), baggage);
});

test('a malformed member is left out and the others stay', () => {
  for (const wrong of ['x', '=1', 'a b=1', 'x=%zz', 'x=%ff', 'x="1"', 'x=a b', 'x=é', 'ü=1', '(x)=1', '']) {
    assert.deepEqual(
      entries(`a=1,${wrong},b=2`),
      [
        ['a', '1'],
        ['b', '2'],
      ],
      wrong,
    );
  }
  assert.equal(parseBaggage('nothing valid'), undefined);
  assert.equal(parseBaggage(''), undefined);
  assert.equal(parseBaggage(null), undefined);
});

test('baggage beyond the limits is not read', () => {
  const many = Array.from({ length: MAX_BAGGAGE_MEMBERS + 1 }, (_, i) => `k${i}=1`);
  assert.equal(parseBaggage(many.join(',')), undefined);
  assert.equal(parseBaggage(many.slice(1).join(','))?.size, MAX_BAGGAGE_MEMBERS);
  assert.equal(parseBaggage(`a=${'x'.repeat(MAX_BAGGAGE_LENGTH)}`), undefined);
});

test('what does not fit into the limits is not sent', () => {
  const large = new Map([
    ['first', 'x'.repeat(5_000)],
    ['second', 'x'.repeat(5_000)],
    ['third', 'x'],
    ['no token', 'x'],
  ]);
  assert.deepEqual([...parseBaggage(formatBaggage(large))!.keys()], ['first', 'third']);
  const many = new Map(Array.from({ length: 100 }, (_, i) => [`k${i}`, '1']));
  assert.equal(parseBaggage(formatBaggage(many))?.size, MAX_BAGGAGE_MEMBERS);
  assert.equal(formatBaggage(new Map([['no token', 'x']])), undefined);
  assert.equal(formatBaggage(new Map()), undefined);
});

test('no bytes make reading fail, and what is read is sent within the limits', () => {
  let state = 42;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const alphabet = 'ab=,;% "\\\t01%2C%C3é🙂';
  for (let round = 0; round < 5_000; round++) {
    const header = Array.from({ length: random(60) }, () => alphabet[random(alphabet.length)]).join('');
    const baggage = parseBaggage(header);
    assert.deepEqual(parseBaggage(formatBaggage(baggage)), baggage, JSON.stringify(header));
  }
});
