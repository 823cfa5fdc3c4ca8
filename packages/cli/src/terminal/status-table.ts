/** The status of all services as a table. */
import type { EngineStatus, InstanceStatus, ServiceStatus } from '@goblin/deploy';
import type { Colours } from './colours.ts';
import { columns } from './text.ts';

const HEAD = ['SERVICE', 'INSTANCES', 'ADDRESS', 'HEALTH', 'REQ/S', 'P50', 'P99', 'RESTARTS'];
const ALIGN = ['left', 'right', 'left', 'left', 'right', 'right', 'right', 'right'] as const;
const MAX_PORTS = 3;
const MAX_DETAIL = 60;

export function statusTable({ services, state }: EngineStatus, colours: Colours): string[] {
  const rows = services.map((service) => [
    colours.bold(service.service),
    `${service.ready}/${service.wanted}`,
    addresses(service.instances),
    state === 'stopping' ? stopping(service, colours) : health(service, colours),
    service.perSecond === 0 ? colours.dim('-') : service.perSecond.toFixed(service.perSecond < 10 ? 1 : 0),
    milliseconds(service.p50Ms, colours),
    milliseconds(service.p99Ms, colours),
    service.restarts === 0 ? colours.dim('0') : colours.yellow(String(service.restarts)),
  ]);
  return columns([HEAD.map(colours.dim), ...rows], ALIGN).split('\n');
}

/** `127.0.0.1:4711`, or `127.0.0.1:4711 :4712 :4713 +2` for several. */
function addresses(instances: readonly InstanceStatus[]): string {
  const hosts = instances.flatMap(({ url }) => (url === undefined ? [] : [new URL(url).host]));
  const [first = '-', ...others] = hosts;
  const shown = others.slice(0, MAX_PORTS - 1).map((host) => `:${host.split(':').at(-1)}`);
  const more = others.length - shown.length;
  return [first, ...shown, ...(more > 0 ? [`+${more}`] : [])].join(' ');
}

function health({ state, detail, instances }: ServiceStatus, colours: Colours): string {
  const why = detail === undefined ? '' : ` ${detail.split('\n', 1)[0]!.slice(0, MAX_DETAIL)}`;
  if (instances.some((instance) => instance.state === 'hanging')) return colours.red('hanging');
  switch (state) {
    case 'ready':
      return colours.green('ready');
    case 'failing':
      return colours.red(`failing${why}`);
    case 'unhealthy':
      return colours.red(`unhealthy${why}`);
    case 'starting':
      return colours.yellow(`starting${why}`);
    case 'stopped':
      return colours.dim('stopped');
  }
}

function stopping({ instances }: ServiceStatus, { dim, yellow }: Colours): string {
  return instances.length === 0 ? dim('stopped') : yellow('stopping');
}

function milliseconds(value: number | undefined, { dim }: Colours): string {
  if (value === undefined) return dim('-');
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
