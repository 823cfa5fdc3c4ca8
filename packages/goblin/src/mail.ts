/** The door for services that send mail: `import { mail, mailer, smtp } from 'goblin/mail'`. Apart from the front door, so that the
 * others do not load it. */
export * from '@goblin/mail';
