/** What an S3 service answers: names, numbers and errors are cut out of it, each whole and none made up. */
import { elements, textOf } from '../src/storage/s3/xml.ts';

export const name = 's3-xml';

const NAMES = ['Contents', 'Key', 'Size', 'Code', 'Message', 'UploadId', 'IsTruncated', 'Upload'];

export function seeds(): Uint8Array[] {
  return [
    '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated><Contents><Key>a&amp;b</Key><Size>3</Size></Contents><Contents><Key>c</Key><Size/></Contents></ListBucketResult>',
    '<Error><Code>NoSuchKey</Code><Message>The key &#39;a&#x27; is &lt;gone&gt;</Message></Error>',
    '<InitiateMultipartUploadResult><UploadId>VXBs</UploadId></InitiateMultipartUploadResult>',
  ].map((text) => Buffer.from(text));
}

export function run(bytes: Uint8Array): string {
  const xml = Buffer.from(bytes).toString();
  const found: string[] = [];
  for (const element of NAMES) {
    const contents = elements(xml, element);
    for (const content of contents)
      if (!xml.includes(`>${content}</${element}>`))
        throw new Error(`${content} does not stand in a ${element}`);
    if (textOf(xml, element) !== undefined) found.push(`${element}:${Math.min(contents.length, 3)}`);
  }
  return found.join(' ');
}
