/** A process that serves `busy` by HTTP and links at the port that it sends to its parent, and answers each message of its
 * parent with the CPU time that it has used, in milliseconds. */
import { type Handlers, procedureService, systemClock, testTelemetry } from '@goblin/core';
import { httpServer } from '../../http/http-server.ts';
import { linkServer } from '../../link/link-server.ts';
import { createAdmission } from '../admission.ts';
import { busy } from './busy-contract.ts';

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function compute(forMs: number): Record<string, never> {
  const until = cpuMs() + forMs;
  while (cpuMs() < until);
  return {};
}

const handlers: Handlers<typeof busy> = {
  compute: ({ forMs }) => compute(forMs),
  computeLater: async ({ forMs }) => {
    await new Promise((resolve) => setImmediate(resolve));
    return compute(forMs);
  },
};

const telemetry = testTelemetry();
const { log, metrics } = telemetry;
const admission = createAdmission({ clock: systemClock, log, metrics });
const services = [{ contract: busy, procedures: procedureService(busy, handlers, telemetry) }];
const links = linkServer({ services, telemetry, admission });
const server = await httpServer({
  host: '127.0.0.1',
  port: 0,
  telemetry,
  services,
  links,
  admission,
  readiness: async () => ({}),
});
process.on('message', () => process.send!(cpuMs()));
process.send!(server.port);
