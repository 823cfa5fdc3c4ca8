import { test } from 'node:test';
import { checkHistories, STEPS } from '../fixtures/task-histories.ts';

const HISTORIES = 10_000;

test(
  `${HISTORIES} random histories of ${STEPS} steps on tasks go as the model says`,
  { timeout: 600_000 },
  () => checkHistories(1_000_000, HISTORIES),
);
