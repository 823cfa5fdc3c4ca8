/** One connection to an SMTP server, by nodemailer, and one mail at a time on it.
 *
 * What is ours is to know what an error means. A server takes a mail when it has read the dot after the content, and the
 * dot leaves only after the content's stream has ended. So an error before that end is a certain no, and an error
 * after it, other than the server's own answer to the mail, says nothing: the outcome is unknown. */
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { systemClock } from '@goblin/core';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { SMTPConnectionOptions, SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import type { Outcome, Sending } from './route.ts';
import { declined, refusedRecipient, type SmtpError } from './smtp-errors.ts';

const QUIT_MS = 1_000;

export interface SmtpLogin {
  readonly user: string;
  readonly password: string;
}

/** How far a mail has got. */
interface Passage {
  /** All of its content has left for the socket, and the dot may follow. */
  ended: boolean;
  /** It failed before: nodemailer then reads the content to throw it away, and must not get it. */
  closed: boolean;
}

export class SmtpSession {
  readonly #connection: SMTPConnection;
  /** Mails that it has carried. */
  carried = 0;
  #broken: SmtpError | undefined;
  #onBreak: ((error: SmtpError) => void) | undefined;

  private constructor(connection: SMTPConnection) {
    this.#connection = connection;
    const fail = (error: SmtpError): void => {
      this.#broken ??= error;
      this.#onBreak?.(error);
    };
    connection.on('error', fail);
    connection.on('end', () => fail(new Error('the server closed the connection')));
  }

  /** Connected, encrypted as the options ask, and logged in. @throws SmtpError */
  static async open(
    options: SMTPConnectionOptions,
    login: SmtpLogin | undefined,
    signal: AbortSignal,
  ): Promise<SmtpSession> {
    const { default: Connection } = await import('nodemailer/lib/smtp-connection');
    // The dot is a write of its own: without this it would wait for the answer to the one before, 40 ms.
    const socket = new Socket().setNoDelay(true);
    const session = new SmtpSession(new Connection({ ...options, socket }));
    try {
      await session.#step(signal, (done) => session.#connection.connect(done));
      if (login) {
        const credentials = { user: login.user, pass: login.password };
        await session.#step(signal, (done) =>
          session.#connection.login({ ...credentials, credentials }, done),
        );
      }
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** False: it cannot be used again. */
  get alive(): boolean {
    return this.#broken === undefined;
  }

  /** Never rejects. After anything but `accepted` the session is closed.
   * @param open answers the content, when the server has asked for it. */
  async send(sending: Sending, open: () => Promise<Readable>): Promise<Outcome> {
    const { mail, signal } = sending;
    const passage: Passage = { ended: false, closed: false };
    const content = Readable.from(contentOf(sending, open, passage), { objectMode: false });
    const envelope = { from: mail.from.address, to: [...mail.recipients] };
    try {
      const info = await this.#step<SMTPConnectionSendInfo>(signal, (done) =>
        this.#connection.send(envelope, content, (error, value) => {
          passage.closed = error !== null;
          done(error, value);
        }),
      );
      this.carried++;
      const refused = (info.rejectedErrors ?? []).map(refusedRecipient);
      return { outcome: 'accepted', answer: info.response ?? '', ...(refused.length > 0 && { refused }) };
    } catch (thrown) {
      // Now, before anything else of the content can move.
      const { ended } = passage;
      content.destroy();
      this.close();
      const error = thrown as SmtpError;
      const isAnswer = error.code === 'EMESSAGE';
      return ended && !isAnswer ? { outcome: 'unknown', answer: error.message } : declined(error);
    }
  }

  close(): void {
    this.#broken ??= new Error('the connection was closed');
    this.#connection.close();
  }

  /** Says goodbye, and does not wait long for an answer. */
  quit(): void {
    if (!this.alive) return;
    this.#connection.quit();
    systemClock.after(QUIT_MS, () => this.close());
  }

  /** One thing that ends by its callback, by the end of the connection or by the signal. */
  #step<T = unknown>(
    signal: AbortSignal,
    begin: (done: (error?: Error | null, value?: T) => void) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (settled: () => void): void => {
        this.#onBreak = undefined;
        signal.removeEventListener('abort', abort);
        settled();
      };
      const abort = (): void => settle(() => reject(new Error('the server did not answer in time')));
      this.#onBreak = (error) => settle(() => reject(error));
      if (this.#broken) return this.#onBreak(this.#broken);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      begin((error, value) => settle(() => (error ? reject(error) : resolve(value as T))));
    });
  }
}

/** Nothing of it is read before the server has asked for it, and nothing leaves before it is written down that it will. */
async function* contentOf(
  { handOver }: Sending,
  open: () => Promise<Readable>,
  passage: Passage,
): AsyncGenerator<Buffer> {
  if (passage.closed) return;
  await handOver();
  yield* (await open()) as AsyncIterable<Buffer>;
  passage.ended = true;
}
