/** Two real SMTP servers, the two routes of the mails. Now and then one refuses, breaks off in the midst of a mail, or takes it as
 * a whole and drops the connection before its answer, or never answers. What they took is counted by Message-ID. */
import { type Behaviour, type SmtpPeer, smtpPeer } from '../../src/fixtures/smtp-peer.ts';
import type { Chance } from '../chance.ts';

const BUSY = { code: 421, text: '4.3.2 busy' };
/** Of so many mails that were taken, these get no answer. */
const UNANSWERED = 15;
const AT_THE_END = ['drop', 'silence'] as const;
const LATER = { code: 451, text: '4.3.0 later' };

export interface Taken {
  readonly messageId: string;
  readonly server: string;
}

export interface MailServers extends AsyncDisposable {
  readonly ports: readonly number[];
  /** From now on they behave. */
  calm(): void;
  /** Everything that they have got as a whole, whether they answered or not. */
  taken(): Taken[];
}

export async function mailServers(luck: Chance): Promise<MailServers> {
  const moods = [mood(luck.branch()), mood(luck.branch())];
  const peers = [await smtpPeer(moods[0]!.behaviour), await smtpPeer(moods[1]!.behaviour)];
  return {
    ports: peers.map(({ port }) => port),
    calm: () => {
      for (const one of moods) one.calm = true;
    },
    taken: () => peers.flatMap((peer, at) => takenBy(peer, `route${at}`)),
    async [Symbol.asyncDispose]() {
      await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
    },
  };
}

interface Mood {
  calm: boolean;
  readonly behaviour: Behaviour;
}

/** Draws at each word of a conversation. */
function mood(luck: Chance): Mood {
  const self: Mood = {
    calm: false,
    behaviour: {
      get refuseMail() {
        return !self.calm && luck.oneIn(25) ? BUSY : undefined;
      },
      get refuseContent() {
        return !self.calm && luck.oneIn(25) ? LATER : undefined;
      },
      get atTheEnd() {
        if (self.calm) return undefined;
        return AT_THE_END[luck.below(UNANSWERED)];
      },
    },
  };
  return self;
}

function takenBy({ mails }: SmtpPeer, server: string): Taken[] {
  return mails.map(({ raw }) => {
    const messageId = /^Message-ID: (<.+>)\r?$/im.exec(raw.toString())?.[1];
    return { messageId: messageId ?? 'none', server };
  });
}
