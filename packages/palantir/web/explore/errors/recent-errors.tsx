/** The error groups of a service that were seen last. */
import type { ErrorGroup } from '../../../src/errors/error-group.ts';
import { age, count } from '../../shared/format.ts';
import { moveThroughItems } from '../parts/arrow-keys.ts';
import { useAnswer } from '../parts/use-answer.ts';
import { ErrorName } from './error-name.tsx';

const SHOWN = 6;
const RENEW_MS = 15_000;

export function RecentErrors({ service }: { service: string }) {
  const { data } = useAnswer<ErrorGroup[]>(
    `/palantir/errors?state=open&service=${encodeURIComponent(service)}`,
    RENEW_MS,
  );
  const groups = data?.filter(({ services }) => services.includes(service)).slice(0, SHOWN);
  return (
    <section class="card">
      <h2>Recent errors</h2>
      {groups?.length === 0 && <p class="quiet">none that are open</p>}
      {groups && groups.length > 0 && (
        <ol class="moments" onKeyDown={moveThroughItems}>
          {groups.map(({ fingerprint, type, title, count: times, lastSeenMs }) => (
            <li key={fingerprint}>
              <span class="quiet">{age(Date.now() - lastSeenMs)} ago</span>
              <span class="number">{count(times)}×</span>
              <a href={`/explore/errors/${encodeURIComponent(fingerprint)}`} data-item>
                <ErrorName type={type} title={title} />
              </a>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
