/** The notifiers of settings that were checked. */
import type { Notifier } from '../notifier.ts';
import type { NotifySettings } from '../settings.ts';
import { mailNotifier } from './mail.ts';
import { pagerNotifier } from './pagerduty.ts';
import { type NotifierSetup, wordingOf } from './setup.ts';
import { slackNotifier } from './slack.ts';
import { webhookNotifier } from './webhook.ts';

const DEFAULT_TEMPLATE = 'default';

export function createNotifiers(settings: NotifySettings, setup: NotifierSetup): Notifier[] {
  const { notifiers = [], templates = {} } = settings;
  return notifiers.map((one): Notifier => {
    const words = wordingOf(templates[one.template ?? DEFAULT_TEMPLATE], setup.baseUrl);
    if (one.kind === 'slack') return slackNotifier(one, words, setup);
    if (one.kind === 'mail') return mailNotifier(one, words, setup);
    if (one.kind === 'webhook') return webhookNotifier(one, words, setup);
    return pagerNotifier(one, words, setup);
  });
}
