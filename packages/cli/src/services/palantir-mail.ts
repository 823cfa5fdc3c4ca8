/** How Palantir's mails leave: by the SMTP server of the secret SMTP_URL, without a database, which may be what is down. */
import { secret, setting } from '@goblin/core';
import { type DirectMailer, directMailer, smtp } from '@goblin/mail';
import type { PlatformProcess } from '../run/process.ts';

export const PALANTIR_SETTINGS = {
  SMTP_URL: secret({
    optional: true,
    description: 'The server that takes the mails of alerts: smtp://user:password@mail.example.com:587',
  }),
  PALANTIR_MAIL_FROM: setting.text({
    default: 'palantir@localhost',
    description: 'Who the mails of alerts are from',
  }),
} as const;

export interface PalantirMail {
  readonly from: string;
  readonly mailer: DirectMailer;
}

/** undefined where no mail can leave. @throws CONFIG_INVALID */
export function palantirMail({ config, log }: PlatformProcess, folder: string): PalantirMail | undefined {
  const { SMTP_URL: url, PALANTIR_MAIL_FROM: from } = config.read(PALANTIR_SETTINGS);
  return url && { from, mailer: directMailer({ routes: [smtp({ url })], log, folder }) };
}
