/** What is broken, since when, what changed, who has it: read across a room in one look. */
import { age } from '../shared/format.ts';
import { Sign } from '../shared/sign.tsx';
import { useFittingText } from './fit-text.ts';
import type { Trouble } from './trouble.ts';

const SHOWN_SERVICES = 5;
/** Short headlines are larger: the sizes are in wall.css. */
const SHORT = 22;
const MIDDLE = 44;

export function TroubleScreen({ trouble, nowMs }: { trouble: Trouble; nowMs: number }) {
  const { title, href, sinceMs, owner, isTaken, suspect, services } = trouble;
  const headline = useFittingText<HTMLHeadingElement>();
  const size = title.length <= SHORT ? 'is-short' : title.length <= MIDDLE ? 'is-middle' : 'is-long';
  return (
    <div class="wall-broken">
      <h2 class={size} ref={headline}>
        <a href={href}>{title}</a>
      </h2>
      <dl>
        <div>
          <dt>Since</dt>
          <dd>
            {age(nowMs - sinceMs)}
            <small>{time(sinceMs)}</small>
          </dd>
        </div>
        <div>
          <dt>Changed before</dt>
          <dd>
            <span class="wall-lines">{suspect ? suspect.title : 'Nothing known'}</span>
            {suspect && (
              <small>{[before(sinceMs - suspect.atMs), suspect.author].filter(Boolean).join(', ')}</small>
            )}
          </dd>
        </div>
        <div>
          <dt>Who has it</dt>
          <dd class={isTaken ? '' : 'wall-nobody'}>{owner ?? (isTaken ? 'Acknowledged' : 'Nobody yet')}</dd>
        </div>
        <div>
          <dt>Affected</dt>
          <dd>
            <ul>
              {services.slice(0, SHOWN_SERVICES).map(({ name, state }) => (
                <li key={name}>
                  <Sign state={state} /> {name}
                </li>
              ))}
              {services.length > SHOWN_SERVICES && <li>and {services.length - SHOWN_SERVICES} more</li>}
              {services.length === 0 && <li>Not told</li>}
            </ul>
          </dd>
        </div>
      </dl>
    </div>
  );
}

function time(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

function before(ms: number): string {
  return ms >= 0 ? `${age(ms)} before` : 'at the same time';
}
