import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from './html.ts';

test('values are shown as text and never as markup', () => {
  const evil = `<img src=x onerror="alert('1')">&`;
  assert.equal(
    html`<p title="${evil}">${evil}</p>`.markup,
    '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;">&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;</p>',
  );
});

test('what html made stands inside as it is, arrays one after the other, and nothing is nothing', () => {
  const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
  assert.equal(
    html`<ul>${items}</ul>${undefined}${null}${false}${0}`.markup,
    '<ul><li>a</li><li>&lt;b&gt;</li></ul>0',
  );
});

test('a value in an attribute without quotes is refused', () => {
  assert.throws(() => html`<p class=${'x onclick=alert(1)'}>`, { code: 'INVALID_INPUT', message: /quotes/ });
});

test('links lead only to where a mail may lead', () => {
  for (const link of ['https://example.com/a?b=1&c', 'mailto:a@b.example', 'tel:+49', 'cid:logo', '#top']) {
    assert.ok(html`<a href="${link}">x</a>`.markup.startsWith('<a href="'));
  }
  for (const link of [
    'javascript:alert(1)',
    ' JaVaScRiPt:alert(1)',
    'data:text/html,x',
    '/relative',
    '',
    'java\nscript:x',
  ]) {
    assert.throws(() => html`<a href='${link}'>x</a>`, { code: 'INVALID_INPUT' }, link);
  }
});
