/** A state in a word, with the sign and the colour of how bad it is. */
import type { ServiceState } from '../../../src/live/wall-state.ts';
import { Sign } from '../../shared/sign.tsx';

const HEALTH: Readonly<Record<string, ServiceState>> = {
  ...{ ok: 'ok', degraded: 'degraded', down: 'down' },
  ...{ healthy: 'ok', starting: 'degraded', unhealthy: 'down' },
  ...{ firing: 'down', pending: 'degraded', resolved: 'ok' },
  ...{ open: 'down', acknowledged: 'degraded' },
  ...{ page: 'down', ticket: 'degraded' },
  ...{ error: 'down', connected: 'ok', blocked: 'down' },
};

export function StateWord({ word, title }: { word: string; title?: string | undefined }) {
  const health = HEALTH[word] ?? 'unknown';
  return (
    <span class={`state-word is-${health}`} title={title}>
      <span aria-hidden="true">
        <Sign state={health} />
      </span>
      {word}
    </span>
  );
}
