import { test } from 'node:test';
import { runExample } from './testing/run-example.ts';

test('the example of the data guide works as it is written', () => runExample('data'));
