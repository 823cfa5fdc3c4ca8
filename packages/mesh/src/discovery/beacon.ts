/** Finds peers by shouting: each process says over UDP each second that it is here, at once when something changes,
 * and goodbye when it leaves. A newcomer's first beacon asks who else is there and gets the answers to itself alone
 * within ANSWER_WITHIN_MS. Who is not heard for SILENCE_MS is forgotten, unless membership vouches for it. Where
 * there are many members each speaks and answers the more seldom: all together are no louder than about CHORUS of
 * them. By default nothing leaves this machine. If the port cannot be opened, that is said and tried again; what
 * comes from strangers changes nothing (beacon-listener.ts). */
import type { RemoteInfo } from 'node:dgram';
import type { Timer } from '@goblin/core';
import { beaconListener } from './beacon-listener.ts';
import { type BeaconKind, encodeBeacon, MAGIC } from './beacon-message.ts';
import { type BeaconOptions, beaconPort } from './beacon-setting.ts';
import {
  type BeaconInterface,
  type BeaconSockets,
  beaconInterfaces,
  openBeaconSockets,
} from './beacon-sockets.ts';
import { createComplaints } from './complaints.ts';
import type { Finder, FinderContext, RunningFinder } from './finder.ts';

const PERIOD_MS = 1_000;
/** Each period is up to this share shorter or longer. */
const JITTER = 0.1;
const ANSWER_WITHIN_MS = 50;
const CHORUS = 50;
/** More newcomers than this at once are answered together. */
const MAX_SINGLE_ANSWERS = 4;
/** How often interfaces are looked at again, and a port that could not be opened is tried again. */
const REOPEN_MS = 5_000;

/** @example finders: [beacon()], or [beacon({ scope: 'lan' })] for several machines */
export function beacon(options: BeaconOptions = {}): Finder {
  return { name: 'beacon', start: (context) => startBeacon(context, options) };
}

async function startBeacon(context: FinderContext, options: BeaconOptions): Promise<RunningFinder> {
  const { clusterKey, clock, random } = context;
  const scope = options.scope ?? 'loopback';
  const port = options.port ?? beaconPort(clusterKey.cluster);
  const complaints = createComplaints(clock, context.log, `beacon on UDP port ${port} (${scope})`);
  const asking: RemoteInfo[] = [];
  let interfaces: readonly BeaconInterface[] = [];
  let sockets: BeaconSockets | undefined;
  let timer: Timer | undefined;
  let answerTimer: Timer | undefined;
  let stopped = false;

  function datagrams(kind: BeaconKind): Uint8Array[] {
    return encodeBeacon(kind, context.self(), clock.wall(), context.nextSequence).map((plain) =>
      Buffer.concat([MAGIC, clusterKey.seal(plain)]),
    );
  }

  async function say(kind: BeaconKind): Promise<void> {
    await sockets?.send(datagrams(kind));
  }

  function beat(): void {
    const seldom = Math.max(1, context.members() / CHORUS);
    timer = clock.after(PERIOD_MS * seldom * (1 + JITTER * (2 * random() - 1)), beat);
    void say('here');
  }

  function asked(newcomer: RemoteInfo): void {
    if (random() * context.members() > CHORUS) return;
    asking.push(newcomer);
    answerTimer ??= clock.after(random() * ANSWER_WITHIN_MS, answer);
  }

  function answer(): void {
    answerTimer = undefined;
    const newcomers = asking.splice(0);
    const answers = datagrams('here');
    if (newcomers.length > MAX_SINGLE_ANSWERS) void sockets?.send(answers);
    else for (const newcomer of newcomers) sockets?.answer(answers, newcomer);
  }

  const receive = beaconListener({ context, scope, complaints, asked, interfaces: () => interfaces });
  const trouble = (error: Error): void => complaints.about(`cannot send: ${error.message}`);

  /** Opens the sockets, again when the machine's interfaces have changed. */
  async function open(): Promise<void> {
    const wanted = beaconInterfaces(scope);
    if (sockets && JSON.stringify(wanted) === JSON.stringify(interfaces)) return;
    sockets?.close();
    sockets = undefined;
    interfaces = wanted;
    if (wanted.length === 0) {
      complaints.about('no such interface on this machine with an IPv4 address');
      return;
    }
    try {
      const opened = await openBeaconSockets({ port, interfaces: wanted, receive, trouble });
      if (stopped) return opened.close();
      sockets = opened;
      await say('ask');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      complaints.about(`cannot open its sockets: ${reason}; trying again each ${REOPEN_MS / 1_000} s`);
    }
  }

  await open();
  const reopening = clock.every(REOPEN_MS, () => void open());
  timer = clock.after(PERIOD_MS * random(), beat);

  return {
    announce: () => void say('here'),
    async stop() {
      stopped = true;
      timer?.cancel();
      answerTimer?.cancel();
      reopening.cancel();
      // Twice, because nobody asks again.
      await say('bye');
      await say('bye');
      sockets?.close();
      sockets = undefined;
      complaints.close();
    },
  };
}
