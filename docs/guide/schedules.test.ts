import { test } from 'node:test';
import { runExample } from './testing/run-example.ts';

test('the example of the guide to schedules works as it is written', () => runExample('schedules'));
