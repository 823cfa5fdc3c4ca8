/** How far each source of lines was kept, written in the transaction of the lines. Who reads a source again, because it was killed before
 * it could note how far it was, gives lines that are there: they are known by their positions, and left out. Each day has its own
 * notes of its own lines, so it does not matter which days of a batch were committed. */
import type { LineOrigin, LogLine } from '../../model.ts';
import type { DayDatabase } from '../day-database.ts';

/** Within the transaction that keeps them: those of the lines that this day does not have. @param origins one for each line */
export function unseen(
  db: DayDatabase,
  lines: readonly LogLine[],
  origins: readonly LineOrigin[],
): readonly LogLine[] {
  const select = db.prepare('SELECT position FROM log_origin WHERE source = ?');
  const upsert = db.prepare('INSERT OR REPLACE INTO log_origin (source, position) VALUES (?, ?)');
  const keptTo = new Map<string, number>();
  const now = new Map<string, number>();
  const fresh = lines.filter((_, i) => {
    const { source, position } = origins[i]!;
    let kept = keptTo.get(source);
    if (kept === undefined) {
      kept = (select.get(source)?.position as number | undefined) ?? -1;
      keptTo.set(source, kept);
    }
    if (position <= kept) return false;
    now.set(source, Math.max(position, now.get(source) ?? 0));
    return true;
  });
  for (const [source, position] of now) upsert.run(source, position);
  return fresh;
}
