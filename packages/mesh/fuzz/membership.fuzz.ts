/** A member that is told whatever one who has the key could make up, by datagrams, over TCP and by finders, while time
 * passes: it never fails, all that it sends can be read, and who is there follows from what it told its owner. The
 * input is a list of records (records.ts), whose first byte says by which way the others come. */
import { virtualClock } from '@goblin/core';
import { seededRandom } from '../src/balance/testing/seeded-random.ts';
import { parseAnnouncement } from '../src/discovery/announcement.ts';
import { clusterKey } from '../src/discovery/cluster-key.ts';
import { announcement, recorder } from '../src/discovery/testing/recorder.ts';
import { MAX_DATAGRAM_BYTES, readDatagram } from '../src/membership/datagram.ts';
import { readExchange } from '../src/membership/exchange-message.ts';
import { instanceHash } from '../src/membership/instance-hash.ts';
import { createMembership } from '../src/membership/membership.ts';
import { aliveNews, type News } from '../src/membership/news.ts';
import { selfAnnouncement } from '../src/membership/self-announcement.ts';
import { datagramOf, exchangeOf, member } from '../src/membership/testing/messages.ts';
import type { Announcement, Endpoint } from '../src/peer.ts';
import { joined, piecesIn } from './records.ts';

export const name = 'membership';

const [DATAGRAM, EXCHANGE, FOUND, TIME, SUSPECT, RAW] = [0, 1, 2, 3, 4, 5];
const WAYS = 6;
const MAX_RECORDS = 50;
/** Of time that one record lets pass, and all together. */
const STEP_MS = 20;
const MAX_MS = 20_000;
/** Where datagrams and exchanges say when they were sent. */
const SENT_AT = 1;
const SENT_AT_BYTES = 6;

const key = clusterKey({ cluster: 'fuzz', secret: 'the secret of the fuzzer' });
const from: Endpoint = { host: '10.0.0.9', port: 9 };
const named = (instance: string, changes: Partial<Announcement> = {}): Announcement =>
  announcement(instance, { gossip: { host: '10.0.0.2', port: 7_946 }, ...changes });

interface Record {
  readonly way: number;
  readonly bytes: Uint8Array;
}

export function seeds(): Uint8Array[] {
  const ping = { kind: 'ping', sequence: 7, target: instanceHash('self-1'), sender: 'tax-1' } as const;
  const told = (news: News): Record => ({
    way: DATAGRAM,
    bytes: datagramOf({ kind: 'gossip', sender: 'tax-1' }, [news]),
  });
  const of = (kind: News['kind'], instance: string, life = 0): News => ({
    kind,
    instance,
    incarnation: 1,
    life,
  });
  const time: Record = { way: TIME, bytes: Buffer.from([100]) };
  const records: Record[][] = [
    [{ way: DATAGRAM, bytes: datagramOf(ping, [of('suspect', 'self-1')]) }, time],
    [told(of('suspect', 'tax-1')), time, told(of('alive', 'tax-1', 1)), told(of('dead', 'tax-1', 1)), time],
    [
      told(of('left', 'tax-2')),
      told(aliveNews(named('tax-3'))),
      { way: SUSPECT, bytes: Buffer.from('tax-3') },
      time,
    ],
    [
      { way: EXCHANGE, bytes: exchangeOf({ kind: 'push', news: [aliveNews(member), of('dead', 'tax-1')] }) },
      time,
    ],
    [{ way: EXCHANGE, bytes: exchangeOf({ kind: 'probe', target: instanceHash('self-1') }) }],
    [{ way: FOUND, bytes: Buffer.from(JSON.stringify({ ...named('a'), contracts: [] })) }, time],
    [{ way: RAW, bytes: Buffer.from('garbage') }],
  ];
  return records.map((all) =>
    joined(all.map(({ way, bytes }) => Buffer.concat([Buffer.from([way]), bytes]))),
  );
}

export async function run(input: Uint8Array): Promise<string> {
  const clock = virtualClock();
  const { log, metrics } = recorder();
  const there = new Map([named('tax-1'), named('tax-2')].map((one) => [one.instance, one]));
  const own = selfAnnouncement(announcement('self-1'), '10.0.0.1');
  own.gossipsAt(7_946);
  const events = new Set<string>();
  const gone = ({ instance }: Announcement): void => {
    events.add('gone');
    if (!there.delete(instance)) throw new Error(`${instance} has gone and was not there`);
  };
  const membership = createMembership({
    network: {
      send(_, datagram) {
        if (datagram.length > MAX_DATAGRAM_BYTES) throw new Error(`a datagram of ${datagram.length} bytes`);
        const sent = readDatagram(key.open(datagram)!);
        if (!sent) throw new Error('it sends what is no message');
        events.add(sent.question.kind);
      },
      exchange(_, body, done) {
        if (!readExchange(key.open(body)!)) throw new Error('it asks what is no message');
        done(undefined, { reason: 'nobody listens', refused: true });
      },
    },
    clusterKey: key,
    clock,
    log,
    metrics,
    random: seededRandom(1),
    known: [...there.values()],
    self: () => own.now,
    outbid(incarnation) {
      events.add('outbid');
      own.exceed(incarnation);
      membership.announced();
    },
    events: {
      alive: (one) => void there.set(one.instance, one),
      suspected: ({ instance }) => {
        events.add('suspected');
        if (!there.has(instance)) throw new Error(`${instance} is suspected and not there`);
      },
      dead: gone,
      left: gone,
    },
  });
  for (const { way, bytes } of recordsIn(input)) {
    if (way === DATAGRAM) membership.receive(key.seal(stamped(bytes, clock.wall())), from);
    else if (way === EXCHANGE) {
      const answer = membership.answer(key.seal(stamped(bytes, clock.wall())));
      events.add(answer ? readExchange(key.open(answer)!)!.kind : 'refused');
    } else if (way === FOUND) {
      const found = parseAnnouncement(jsonIn(bytes));
      if (found) membership.found(found);
    } else if (way === TIME && clock.now() < MAX_MS) await clock.advance((bytes[0] ?? 0) * STEP_MS);
    else if (way === SUSPECT) membership.suspect(Buffer.from(bytes).toString('latin1'), 'a hint');
    else if (way === RAW) membership.receive(bytes, from);
  }
  if (membership.size !== there.size + 1)
    throw new Error(`${membership.size} members, ${there.size} others were told`);
  for (const instance of there.keys())
    if (!membership.has(instance)) throw new Error(`${instance} is not there`);
  membership.leave();
  return [...events].sort().join(' ');
}

function recordsIn(input: Uint8Array): Record[] {
  return piecesIn(input)
    .slice(0, MAX_RECORDS)
    .map((piece) => ({ way: (piece[0] ?? 0) % WAYS, bytes: piece.subarray(1) }));
}

/** As if it were sent now: what is old is refused, and that is soon tested. */
function stamped(bytes: Uint8Array, wall: number): Uint8Array {
  const copy = Buffer.from(bytes);
  if (copy.length >= SENT_AT + SENT_AT_BYTES) copy.writeUIntBE(wall, SENT_AT, SENT_AT_BYTES);
  return copy;
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
