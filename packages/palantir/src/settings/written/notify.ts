/** Notifiers, routes, messages, the rota and the heartbeat as they stand in a file. What they mean, and whether the names in them
 * exist, is for src/notify to say. */
import type {
  HeartbeatSettings,
  NotifierSettings,
  RotaSettings,
  Route,
  Template,
} from '../../notify/settings.ts';
import { type Fields, list, object, optional, record, required } from '../shape/collections.ts';
import { choice, text, textLike, url } from '../shape/scalars.ts';
import type { Shape } from '../shape/shape.ts';
import { SEVERITIES } from './rule.ts';

const durationText: Shape<string> = textLike('^\\d+(\\.\\d+)?(ms|s|m|h|d)$', 'a duration such as 5m', '5m');
const file = text('/run/secrets/slack_token');

interface AnyNotifier {
  readonly name: string;
  readonly kind: NotifierSettings['kind'];
  readonly template?: string;
  readonly channel?: string;
  readonly tokenFile?: string;
  readonly urlFile?: string;
  readonly api?: string;
  readonly to?: readonly string[];
  readonly url?: string;
  readonly secretFile?: string;
  readonly keyFile?: string;
}

export const notifier: Shape<AnyNotifier> = object<AnyNotifier>({
  name: required(text('ops-slack'), 'Unique; stands in routes'),
  kind: required(choice(['slack', 'mail', 'webhook', 'pagerduty']), 'How it tells'),
  template: optional(
    text('short'),
    'The name of one of messages. Default: the one named default, or our own words',
  ),
  channel: optional(text('"#ops"'), 'slack: where to; goes with tokenFile'),
  tokenFile: optional(file, 'slack: the file with the token of a bot'),
  urlFile: optional(file, 'slack, webhook: the file with the address'),
  api: optional(url(), 'slack: where Slack is. Default: https://slack.com/api'),
  to: optional(list(text('ops@example.com')), 'mail: addresses'),
  url: optional(url(), 'webhook: the address; pagerduty: where it is, when it is not PagerDuty itself'),
  secretFile: optional(file, 'webhook: the file with the key that requests are signed with'),
  keyFile: optional(file, 'pagerduty: the file with the integration key'),
});

export const route: Shape<Route> = object<Route>({
  severity: required(choice(SEVERITIES), 'Of what is told this way'),
  services: optional(
    list(text('tax')),
    'Names of services, * for any text. Default: all, also what belongs to no service',
  ),
  to: required(
    list(text('ops-slack'), { atLeast: 1 }),
    'The first is told; the others stand in for it while it fails',
  ),
});

export const messages: Shape<Readonly<Record<string, Template>>> = record(
  object<Template>({
    title: optional(text(), 'One line, with placeholders such as {{ title }}'),
    text: optional(text(), 'The rest, with placeholders such as {{ alerts }}'),
  }),
);

export const heartbeat: Shape<HeartbeatSettings> = object<HeartbeatSettings>({
  url: optional(url(), 'Called again and again, so that somebody notices when it stops'),
  urlFile: optional(file, 'The file with that address, where it is a secret'),
  every: optional(durationText, 'How often. Default: 1m'),
});

const moment = text('"2026-12-24T08:00:00+01:00"');

const person: Fields<RotaSettings['people'][number]> = {
  name: required(text('ada'), 'Unique'),
  slack: optional(text('U024BE7LH'), 'The id of a member in Slack, to be mentioned'),
  email: optional(text('ada@example.com'), 'Gets pages from notifiers of the kind mail'),
  to: optional(list(text('ada-pager')), 'Notifiers that are told of the pages of this person too'),
};

export const rota: Shape<RotaSettings> = object<RotaSettings>({
  zone: required(text('Europe/Berlin'), 'Whose clocks count'),
  rotation: required(choice(['daily', 'weekly']), 'How long a turn is'),
  start: required(text('"2026-11-23"'), 'The day on which the first turn of the first person begins'),
  at: required(text('"09:00"'), 'When one hands over to the next'),
  people: required(
    list(object(person), { atLeast: 1 }),
    'In the order of their turns; of who does not answer the one after is told',
  ),
  overrides: optional(
    list(
      object<NonNullable<RotaSettings['overrides']>[number]>({
        person: required(text('ada'), 'Who takes over'),
        from: required(moment, 'From when on'),
        until: required(moment, 'Until when'),
      }),
    ),
    'Somebody takes over for a while; of overlapping ones the last counts',
  ),
  escalateAfter: optional(
    durationText,
    'A page that nobody acknowledges for so long goes to the next person too. Default: 5m',
  ),
});
