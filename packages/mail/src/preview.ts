/** Pages that show what templates make of their examples, and the mails that were written last. HTML is shown in a frame without
 * scripts, forms, navigation or an origin, under a policy that loads nothing from elsewhere.
 *
 * They show contents and addresses: mount them where only those who may see them come, or only in development. */

import { GoblinError } from '@goblin/core';
import type { Database } from '@goblin/data';
import { findMessage } from './messages/message-table.ts';
import { listMails } from './messages/operate.ts';
import { Html, type HtmlValue, html } from './templates/html.ts';
import type { MailTemplate, Rendered } from './templates/template.ts';

export interface PreviewOptions {
  /** Where it is mounted. Default `/mail`. */
  readonly path?: string;
  /** With it, the latest mails are shown too. */
  readonly db?: () => Database;
}

type PreviewRoute = (
  request: Request,
  call: unknown,
  params: Readonly<Record<string, string>>,
) => Promise<Response>;

const LATEST = 50;
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** Of what is in the frame: it is nobody's origin, and only its styles and inline images are there. */
const FRAME_POLICY =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/** For `serve`'s `routes`. `/mail` lists templates and mails.
 * @example { routes: { ...mailPreview([receipt, reminder], { db: () => db }) } } */
export function mailPreview(
  templates: readonly MailTemplate[],
  options: PreviewOptions = {},
): Record<string, PreviewRoute> {
  const { path = '/mail', db } = options;

  async function example(params: Readonly<Record<string, string>>): Promise<Rendered> {
    const { kind = '', name = '' } = params;
    const template = templates.find((one) => one.kind === kind);
    if (!template || !Object.hasOwn(template.examples, name)) throw new GoblinError('NOT_FOUND');
    return template.render(template.examples[name]);
  }

  async function sent(params: Readonly<Record<string, string>>): Promise<Rendered> {
    const id = Number(params.id);
    const message = db && Number.isSafeInteger(id) ? await findMessage(db(), id) : undefined;
    if (!message) throw new GoblinError('NOT_FOUND');
    return { subject: message.subject, text: message.text, html: message.html ?? undefined };
  }

  return {
    [`GET ${path}`]: async () => page('Mail', await overview(path, templates, db?.())),
    [`GET ${path}/example/:kind/:name`]: async (request, _call, params) =>
      mailPage(request, await example(params)),
    [`GET ${path}/example/:kind/:name/html`]: async (_request, _call, params) => frame(await example(params)),
    [`GET ${path}/sent/:id`]: async (request, _call, params) => mailPage(request, await sent(params)),
    [`GET ${path}/sent/:id/html`]: async (_request, _call, params) => frame(await sent(params)),
  };
}

async function overview(
  path: string,
  templates: readonly MailTemplate[],
  db: Database | undefined,
): Promise<Html> {
  const examples = templates.flatMap(({ kind, examples: all }) =>
    Object.keys(all).map(
      (name) =>
        html`<li>${link(`${path}/example/${kind}/${encodeURIComponent(name)}`, `${kind}: ${name}`)}</li>`,
    ),
  );
  const mails = db ? await listMails(db, {}, { limit: LATEST }) : [];
  const rows = mails.map(
    ({ id, createdAt, kind, state, parties, subject, attempts }) => html`<tr>
      <td>${createdAt.toISOString().slice(0, 19).replace('T', ' ')}</td><td class="${state}">${state}</td><td>${kind}</td>
      <td>${parties.to.map(({ address }) => address).join(', ')}</td><td>${link(`${path}/sent/${id}`, subject)}</td>
      <td>${attempts.at(-1)?.answer}</td></tr>`,
  );
  return html`<h1>Mail</h1>
    <h2>Templates</h2>
    ${examples.length > 0 ? html`<ul>${examples}</ul>` : html`<p>No template has examples.</p>`}
    ${
      db &&
      html`<h2>Latest mails</h2>
      <table><tr><th>written</th><th>state</th><th>kind</th><th>to</th><th>subject</th><th>last answer</th></tr>${rows}</table>`
    }`;
}

function mailPage(request: Request, { subject, text, html: markup }: Rendered): Response {
  const source = `${new URL(request.url).pathname}/html`;
  return page(
    subject,
    html`<h1>${subject}</h1>
      ${markup === undefined ? html`<p>It has no HTML.</p>` : new Html(`<iframe sandbox title="HTML" src="${attribute(source)}"></iframe>`)}
      <h2>Text</h2>
      <pre>${text}</pre>`,
  );
}

function frame({ html: markup }: Rendered): Response {
  if (markup === undefined) throw new GoblinError('NOT_FOUND');
  return answer(markup, FRAME_POLICY);
}

function page(title: string, body: Html): Response {
  const whole = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
  body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
  iframe { background: #fff; border: 1px solid #8886; height: 60vh; width: 100% }
  pre { border: 1px solid #8886; padding: 1rem; white-space: pre-wrap }
  td, th { padding: .2rem 1rem .2rem 0; text-align: left; vertical-align: top }
  .unknown, .failed { color: #c33 }
</style>
</head>
<body>${body}</body>
</html>
`;
  return answer(whole.markup, PAGE_POLICY);
}

function answer(markup: string, policy: string): Response {
  return new Response(markup, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  });
}

/** Paths of this site, which mails cannot have and `html` therefore refuses. */
function link(path: string, text: HtmlValue): Html {
  return html`${new Html(`<a href="${attribute(path)}">`)}${text}</a>`;
}

function attribute(text: string): string {
  return html`${text}`.markup;
}
