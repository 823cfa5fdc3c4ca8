import { test } from 'node:test';
import { runExample } from './testing/run-example.ts';

test('the examples of the services guide work as they are written', () => runExample('services'));
