/** The range of the page's address, and how it is changed. One that moves on is renewed when it is asked for, when the address
 * changes, and every so often where the page wants that. */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { DEFAULT_LAST, rangeFrom, rangeQuery, type TimeRange } from './time-range.ts';

export interface RangeState {
  readonly range: TimeRange;
  readonly renew: () => void;
  /** To a named range, or from and to. */
  readonly pick: (range: TimeRange | string) => void;
}

/** @param renewMs undefined where it stays as it is until somebody asks
 * @param usual where the address names none */
export function useRange(renewMs?: number, usual: string = DEFAULT_LAST): RangeState {
  const { query } = useLocation();
  const key = `${query.get('last')} ${query.get('from')} ${query.get('to')}`;
  const [now, setNow] = useState({ key, ms: Date.now() });
  const nowMs = now.key === key ? now.ms : Date.now();
  const range = useMemo(() => rangeFrom(query, nowMs, usual), [key, nowMs, usual]);
  const renew = useCallback(() => setNow({ key, ms: Date.now() }), [key]);
  useEffect(() => {
    if (now.key !== key) setNow({ key, ms: nowMs });
  }, [key, now.key, nowMs]);
  useEffect(() => {
    if (renewMs === undefined || range.last === undefined) return;
    const timer = setInterval(() => {
      if (!document.hidden) renew();
    }, renewMs);
    return () => clearInterval(timer);
  }, [renew, renewMs, range.last]);
  const pick = useCallback((picked: TimeRange | string) => go(withQuery(rangeQuery(picked, usual))), [usual]);
  return { range, renew, pick };
}
