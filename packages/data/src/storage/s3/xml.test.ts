import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elements, escaped, textOf } from './xml.ts';

const LIST = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix/><KeyCount>2</KeyCount>
<IsTruncated>false</IsTruncated><ContentsCount>2</ContentsCount>
<Contents><Key>a&amp;b&lt;&#x41;&#66;&gt;</Key><Size>1</Size></Contents><Contents><Key>c</Key><Size>2</Size></Contents>
</ListBucketResult>`;

test('elements are found by their whole name, and their text is plain', () => {
  const contents = elements(LIST, 'Contents');
  assert.equal(contents.length, 2);
  assert.deepEqual(
    contents.map((content) => [textOf(content, 'Key'), textOf(content, 'Size')]),
    [
      ['a&b<AB>', '1'],
      ['c', '2'],
    ],
  );
  assert.equal(textOf(LIST, 'IsTruncated'), 'false');
  assert.equal(textOf(LIST, 'Prefix'), undefined);
  assert.equal(textOf(LIST, 'NextContinuationToken'), undefined);
});

test('what is no XML, or cut, or asks for more than text, gives nothing and does no harm', () => {
  for (const text of ['', '<', '<Key', '<Key>', '<Key>a</Ke', '</Key>', '{"Key":1}', '<Key/><Key/>'])
    assert.equal(textOf(text, 'Key'), undefined, text);
  assert.equal(textOf('<Key>&secret;&#x110000;&nbsp;</Key>', 'Key'), '&secret;&#x110000;&nbsp;');
});

test('what is written is read again', () => {
  const text = '"a" & <b> & c';
  assert.equal(textOf(`<Key>${escaped(text)}</Key>`, 'Key'), text);
});
