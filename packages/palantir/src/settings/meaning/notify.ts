/** Notifiers, routes, messages, the rota and the heartbeat of all files as one. Its form is checked already; whether its names exist, its
 * moments are some and its parts fit together is said by src/notify, and told here at the place it speaks of. */
import { checkNotifySettings, type NotifySettings } from '../../notify/settings.ts';
import type { Report } from '../problem.ts';
import type { Spot } from '../shape/spot.ts';
import type { WrittenFile } from '../written/file.ts';
import { plainOf } from './plain.ts';

const LISTS = ['notifiers', 'routes'] as const;
const SINGLE = ['rota', 'heartbeat'] as const;
export const NOTIFY_KEYS: readonly string[] = [...LISTS, ...SINGLE, 'messages'];

export function notifySettings(files: readonly WrittenFile[], report: Report): NotifySettings {
  const lists = LISTS.map((key) => [key, files.flatMap((file) => file[key]?.spot.items() ?? [])] as const);
  const single = SINGLE.flatMap((key) => {
    const [first, second] = files.flatMap((file) => file[key] ?? []);
    second?.spot.wrong(`${key} is written already: ${first!.spot.line}`);
    return first ? [[key, first.spot] as const] : [];
  });
  const templates = new Map<string, Spot>();
  for (const { spot } of files.flatMap(({ messages }) => messages ?? []))
    for (const name of spot.keys()) {
      const first = templates.get(name);
      if (first) spot.wrongKey(name, `the message ${name} is written already: ${first.line}`);
      else templates.set(name, spot.key(name)!);
    }
  const plain = ({ node }: Spot): unknown => plainOf(node);
  const settings = {
    ...Object.fromEntries(
      lists.filter(([, spots]) => spots.length > 0).map(([key, spots]) => [key, spots.map(plain)]),
    ),
    ...Object.fromEntries(single.map(([key, spot]) => [key, plain(spot)])),
    ...(templates.size > 0 && {
      templates: Object.fromEntries([...templates].map(([name, spot]) => [name, plain(spot)])),
    }),
  };
  // What is wrong in its form would be told again in other words.
  if (report.concerns(NOTIFY_KEYS)) return {};
  const wrong = checkNotifySettings(settings);
  for (const { path, message } of wrong) {
    const [key, which, ...way] = path;
    const list = lists.find(([name]) => name === key)?.[1];
    const spot = list
      ? list[which as number]
      : key === 'templates'
        ? templates.get(String(which))
        : undefined;
    const [, one] = single.find(([name]) => name === key) ?? [];
    const found = spot?.deepest(way) ?? one?.deepest(which === undefined ? [] : [which, ...way]) ?? list?.[0];
    found?.wrong(message);
  }
  return wrong.length > 0 ? {} : (settings as NotifySettings);
}
