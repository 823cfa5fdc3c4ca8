/** A program: an instance of the service, with all that a service has. */
import { Secret } from '@goblin/core';
import { forward, schedule, work as workOn } from '@goblin/data';
import { mailer } from '../../src/mailer.ts';
import { smtp } from '../../src/routes/smtp.ts';
import { argument } from '../world/program.ts';
import { consumers } from './consumers.ts';
import { beatTimes, CARRIED, sweep, sweepTimes } from './definitions.ts';
import { leaveEffect } from './effect.ts';
import { startInstance } from './instance.ts';
import { orderTask } from './order.ts';
import { simpleTasks } from './tasks.ts';

/** Where a worker finds the servers. */
export interface Servers {
  readonly folder: string;
  readonly chargeUrl: string;
  readonly mailPorts: readonly number[];
  readonly natsUrl: string | undefined;
}

const CONCURRENCY = 12;
const MAILS_AT_ONCE = 5;
/** How long a mail server may say nothing: longer than most workers live. */
const MAIL_TIMEOUT = '1500ms';

const { folder, chargeUrl, mailPorts, natsUrl } = argument<Servers>();
const { app, db, bus, background, work } = await startInstance('main', folder, natsUrl);
await mailer(app, {
  db,
  from: 'chaos@goblin.example',
  routes: mailPorts.map((port, at) =>
    smtp({ name: `route${at}`, url: new Secret(`smtp://127.0.0.1:${port}`), timeout: MAIL_TIMEOUT }),
  ),
  concurrency: MAILS_AT_ONCE,
});
const handled = [...simpleTasks(db, chargeUrl), orderTask(db, chargeUrl)];
background.run('tasks', workOn(db, handled, { concurrency: CONCURRENCY }));
background.run(
  'beat',
  schedule(db, beatTimes, (job) =>
    db.transaction(async (tx) => {
      await leaveEffect(tx, job, 'beat', job.input.slot.toISOString());
      await job.finish(tx);
    }),
  ),
);
background.run(
  'sweep',
  schedule(db, { ...sweepTimes, input: (slot) => ({ name: slot.toISOString() }) }, sweep),
);
for (const [name, loop] of consumers(db)) background.run(name, loop);
if (bus) for (const carried of CARRIED) background.run(`forward ${carried.type}`, forward(db, bus, carried));
await work();
