/** Which screens the wall shows in turn while nothing pages: the overview, as many times as the services need, and what else has
 * something to tell. Services that are not well come first, so that the first screen has them. */
import type { Alert } from '../../src/alerts/alert.ts';
import type { ServiceState, WallState } from '../../src/live/wall-state.ts';
import { inOrder } from '../swarm/order.ts';

/** As many lines fit on a screen. */
const SERVICES_PER_SCREEN = 10;

/** A line that tells of the settings takes the room of one. */
export function servicesPerScreen({ settingsTrouble }: Pick<WallState, 'settingsTrouble'>): number {
  return settingsTrouble ? SERVICES_PER_SCREEN - 1 : SERVICES_PER_SCREEN;
}

export type Screen =
  | { readonly kind: 'overview'; readonly page: number; readonly pages: number }
  | { readonly kind: 'swarm' | 'slos' | 'changes' | 'alerts' };

export function screensOf(state: WallState): Screen[] {
  const { services, changes, alerts, slos } = state;
  const pages = Math.max(1, Math.ceil(services.length / servicesPerScreen(state)));
  return [
    ...Array.from({ length: pages }, (_, page) => ({ kind: 'overview', page, pages }) as const),
    { kind: 'swarm' },
    ...(slos.length > 0 ? [{ kind: 'slos' } as const] : []),
    ...(changes.length > 0 ? [{ kind: 'changes' } as const] : []),
    ...(alerts.length > 0 || services.some(({ errorShare }) => errorShare > 0)
      ? [{ kind: 'alerts' } as const]
      : []),
  ];
}

/** What the wall says in one line, and with which sign. */
export function verdict({ services, alerts }: Pick<WallState, 'services' | 'alerts'>): {
  state: ServiceState;
  words: string;
} {
  const bad = inOrder(services).filter(({ state }) => state === 'down' || state === 'degraded');
  const [first] = bad;
  if (first) {
    const more = bad.length > 1 ? ` and ${bad.length - 1} more` : '';
    return { state: first.state, words: `${first.name} is ${first.state}${more}` };
  }
  const tickets = alerts.filter(isTicket).length;
  if (tickets > 0) return { state: 'degraded', words: tickets === 1 ? '1 ticket' : `${tickets} tickets` };
  if (services.length === 0) return { state: 'unknown', words: 'No services' };
  return { state: 'ok', words: 'All is well' };
}

function isTicket({ state, severity, mutedBy }: Alert): boolean {
  return state === 'firing' && severity !== 'info' && mutedBy === undefined;
}
