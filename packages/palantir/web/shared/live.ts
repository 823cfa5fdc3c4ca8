/** The state of the wall as it comes from the server: one stream per page, which the browser opens anew when it breaks. It brings the
 * whole state first, then what changes in it; when a change does not follow on what is held, the whole is asked for again. What did not
 * change is the same object as before. A page of another build than the server's loads itself anew; how old the newest state is, is
 * told each second. */
import { useEffect, useState } from 'preact/hooks';
import { applyPatch, type Operation } from '../../src/live/json-patch.ts';
import type { WallState } from '../../src/live/wall-state.ts';

export type { Flow, IncidentSummary, ServiceSummary, WallState } from '../../src/live/wall-state.ts';

/** Without anything new for so long a page says that it is stale. */
export const STALE_MS = 15_000;
/** A stream that brings nothing is opened anew: a half-open connection says nothing by itself. */
const RECONNECT_MS = 20_000;
/** One that the server refused is not opened again by the browser. */
const REFUSED_MS = 3_000;

export interface Live {
  readonly state: WallState | undefined;
  /** Since the newest state came, by this browser's clock. */
  readonly ageMs: number;
  /** Whether the stream is open. Streams break when the server restarts, and come back by themselves. */
  readonly isConnected: boolean;
}

export function useLive(): Live {
  const [live, setLive] = useState<Live>({ state: undefined, ageMs: 0, isConnected: false });
  useEffect(() => {
    let build: string | undefined;
    let heardAt = performance.now();
    let openedAt = heardAt;
    /** The newest, and its number. */
    let held: { readonly state: WallState; readonly number: number } | undefined;
    let stream = open();

    function open(): EventSource {
      openedAt = performance.now();
      const source = new EventSource('/palantir/live');
      source.addEventListener('error', () => setLive((before) => ({ ...before, isConnected: false })));
      source.addEventListener('wall', ({ data, lastEventId }) =>
        take(JSON.parse(data) as WallState, Number(lastEventId)),
      );
      source.addEventListener('change', ({ data, lastEventId }) => {
        const number = Number(lastEventId);
        if (held?.number !== number - 1) return reopen();
        try {
          take(applyPatch(held.state, JSON.parse(data) as Operation[]), number);
        } catch {
          reopen();
        }
      });
      return source;
    }

    function take(state: WallState, number: number): void {
      heardAt = performance.now();
      held = { state, number };
      if (build !== undefined && build !== state.build) location.reload();
      build = state.build;
      setLive({ state, ageMs: 0, isConnected: true });
    }

    function reopen(): void {
      stream.close();
      stream = open();
    }

    const timer = setInterval(() => {
      const ageMs = performance.now() - heardAt;
      setLive((before) => (ageMs < 2_000 ? before : { ...before, ageMs }));
      const patienceMs = stream.readyState === EventSource.CLOSED ? REFUSED_MS : RECONNECT_MS;
      if (performance.now() - Math.max(heardAt, openedAt) >= patienceMs) reopen();
    }, 1_000);
    return () => {
      clearInterval(timer);
      stream.close();
    };
  }, []);
  return live;
}
