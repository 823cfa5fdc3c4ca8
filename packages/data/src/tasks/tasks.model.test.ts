import { test } from 'node:test';
import { checkHistories, STEPS } from '../fixtures/task-histories.ts';

const HISTORIES = 200;

test(`${HISTORIES} random histories of ${STEPS} steps on tasks go as the model says`, () =>
  checkHistories(1, HISTORIES));
