import { test } from 'node:test';
import { runExample } from './testing/run-example.ts';

test('the example of the guide to events works as it is written', () => runExample('events'));
