/** What was changed within a day, the newest first. */
import type { Change } from '../../src/changes/change.ts';
import { age, clockTime } from '../shared/format.ts';

const SHOWN = 9;
/** So few have room for all of their words. */
const ROOMY = 4;

export function ChangesScreen({ changes, nowMs }: { changes: readonly Change[]; nowMs: number }) {
  return (
    <table class={changes.length <= ROOMY ? 'wall-list is-roomy' : 'wall-list'}>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">What</th>
          <th scope="col">Change</th>
          <th scope="col">By</th>
        </tr>
      </thead>
      <tbody>
        {changes.slice(0, SHOWN).map(({ id, atMs, kind, title, author }) => (
          <tr key={id}>
            <td title={clockTime(atMs, nowMs)}>{age(nowMs - atMs)} ago</td>
            <td>{kind}</td>
            <td class="wall-title">{title}</td>
            <td class="wall-quiet">{author ?? ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
