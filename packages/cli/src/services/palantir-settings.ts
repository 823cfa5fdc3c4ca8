/** The settings of Palantir's process, and how its mails leave: without a database, which may be what is down. */
import { type Logger, type Secret, secret, setting } from '@goblin/core';
import { type DirectMailer, directMailer, smtp } from '@goblin/mail';

export const PALANTIR_SETTINGS = {
  SMTP_URL: secret({
    optional: true,
    description: 'The server that takes the mails of alerts: smtp://user:password@mail.example.com:587',
  }),
  PALANTIR_MAIL_FROM: setting.text({
    default: 'palantir@localhost',
    description: 'Who the mails of alerts are from',
  }),
  PALANTIR_SETTINGS: setting.text({
    optional: true,
    description: 'The folder of rules, notifiers and dashboards, instead of what the app model says',
  }),
  PALANTIR_URL: setting.url({
    optional: true,
    description: 'Where people reach its pages, for the links in messages',
  }),
} as const;

/** @throws CONFIG_INVALID when the URL is none */
export function mailerBy(url: Secret, log: Logger, folder: string): DirectMailer {
  return directMailer({ routes: [smtp({ url })], log, folder });
}
