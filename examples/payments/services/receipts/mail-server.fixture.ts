/** A real SMTP server that takes mails, or says to each that it cannot now. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface MailServer extends AsyncDisposable {
  readonly url: string;
  /** As they came. */
  readonly mails: string[];
  /** How many it turned away. */
  readonly refused: number;
}

export async function mailServer({ isBusy = false } = {}): Promise<MailServer> {
  const mails: string[] = [];
  let refused = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 10,
    onMailFrom(_address, _session, done) {
      if (isBusy) refused++;
      done(isBusy ? Object.assign(new Error('4.3.2 try again later'), { responseCode: 451 }) : null);
    },
    onData(stream, _session, done) {
      let mail = '';
      stream.on('data', (chunk: Buffer) => (mail += chunk.toString()));
      stream.on('end', () => {
        mails.push(mail);
        done();
      });
    },
  });
  server.on('error', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    mails,
    get refused() {
      return refused;
    },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
