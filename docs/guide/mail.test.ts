import { test } from 'node:test';
import { runExample } from './testing/run-example.ts';

test('the example of the mail guide works as it is written', () => runExample('mail'));
