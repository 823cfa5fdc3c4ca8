/** HTML with values that are text: html`<b>${name}</b>` shows whatever the name is and never runs it. What was made by
 * `html` itself stands inside another one as it is, an array as its items one after the other; undefined, null and
 * false are nothing.
 *
 * Two mistakes that escaping cannot mend are refused: a value in an attribute without quotes, and a link whose
 * value is not an address that a mail may lead to (javascript: and the like). There is no way to put a value into a
 * script, because a mail has none. */
import { GoblinError } from '@goblin/core';

export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

export type HtmlValue = string | number | bigint | Html | null | undefined | false | readonly HtmlValue[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const UNQUOTED = /=\s*$/;
const LINK = /\b(?:href|src|action|background)\s*=\s*["']\s*$/i;
const SAFE_LINK = /^(?:https?:\/\/|mailto:|tel:|cid:|#)/i;

/** @example html`<p>Dear ${name}, <a href="${link}">here it is</a>.</p>`
 * @throws INVALID_INPUT for a value in an attribute without quotes, or a link to nowhere that a mail may lead */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0]!;
  values.forEach((value, index) => {
    const before = strings[index]!;
    if (UNQUOTED.test(before))
      throw invalid(`put quotes around the value after ${JSON.stringify(before.slice(-20))}`);
    if (LINK.test(before) && !SAFE_LINK.test(String(value).trim()))
      throw invalid('a link in a mail begins with https:, http:, mailto:, tel:, cid: or #');
    markup += rendered(value) + strings[index + 1]!;
  });
  return new Html(markup);
}

/** The text with everything escaped that means something in HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

function rendered(value: HtmlValue): string {
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(rendered).join('');
  return value === null || value === undefined || value === false ? '' : escaped(String(value));
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}
