/** An instance of the service `chaos`, as its process is about to begin its work. */
import { type Background, createBackground, createConfig, createRuntime, testTelemetry } from '@goblin/core';
import { type Database, type NatsBus, nats, postgres } from '@goblin/data';
import type { MailerApp } from '../../src/mailer.ts';
import { tellReady, untilToldToEnd } from '../world/program.ts';

export interface Instance {
  readonly app: MailerApp;
  readonly db: Database;
  readonly background: Background;
  /** Undefined where there is no nats-server. */
  readonly bus: NatsBus | undefined;
  /** Says that it works, and works until it is told to end, or killed. */
  work(): Promise<void>;
}

export async function startInstance(
  site: string,
  folder: string,
  natsUrl: string | undefined,
): Promise<Instance> {
  const env = { NODE_ENV: 'test', ...(natsUrl !== undefined && { NATS_URL: natsUrl, NATS_SITE: site }) };
  const telemetry = testTelemetry();
  const base = {
    service: 'chaos',
    instance: `chaos-${process.pid}`,
    telemetry,
    config: createConfig({ service: 'chaos', env }).read,
    dataFolder: folder,
    stopping: new AbortController().signal,
  };
  const runtime = createRuntime(base);
  const db = await runtime.use(postgres());
  const bus = natsUrl === undefined ? undefined : await runtime.use(nats());
  const background = createBackground(telemetry);
  return {
    app: { ...base, background: background.run },
    db,
    background,
    bus,
    async work() {
      tellReady({});
      await untilToldToEnd();
      await background.stop();
      await runtime.stop();
    },
  };
}
