export { type Address, type AddressInput, MAX_ADDRESS } from './addresses.ts';
export { MAX_REPORT_BYTES, receiveDeliveryReport } from './bounces/delivery-report.ts';
export { postmarkWebhook } from './bounces/postmark-webhook.ts';
export { type DirectMail, type DirectMailer, type DirectMailerOptions, directMailer } from './direct.ts';
export { type Mailer, type MailerApp, type MailerOptions, mailer, type RouteStatus } from './mailer.ts';
export {
  type AttachmentInput,
  MAX_ATTACHMENT_BYTES,
  MAX_ATTACHMENTS,
} from './messages/attachments.ts';

export type { AttemptRecord, Message, MessageState, MessageSummary } from './messages/message-table.ts';
export {
  getMail,
  listMails,
  type MailFilter,
  type ResendOptions,
  resendMail,
  resolveMail,
} from './messages/operate.ts';
export { MAX_RECIPIENTS, type Queued } from './messages/queue.ts';
export type { QuietHours } from './messages/quiet-hours.ts';
export type { Policy, SendRequest } from './messages/request.ts';
export {
  listSuppressions,
  type Suppression,
  type SuppressionPage,
  type SuppressionReason,
  suppress,
  unsuppress,
} from './messages/suppression-list.ts';
export { mailPreview, type PreviewOptions } from './preview.ts';
export { mailContract, mailProcedures } from './procedures/index.ts';
export type { Dkim } from './routes/dkim.ts';
export { type OutboxOptions, outbox } from './routes/outbox.ts';
export { type PostmarkOptions, postmark } from './routes/postmark.ts';
export type {
  OpenRoute,
  Outcome,
  OutgoingMail,
  RefusedRecipient,
  Route,
  RouteOptions,
  RouteSetup,
  Sending,
} from './routes/route.ts';
export { type SmtpOptions, smtp } from './routes/smtp.ts';
export { Html, type HtmlValue, html } from './templates/html.ts';
export {
  MAX_BODY_BYTES,
  type MailTemplate,
  mail,
  type Rendered,
  type TemplateOptions,
} from './templates/template.ts';
