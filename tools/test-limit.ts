/** Loaded into the process of each test file. A test that failed may leave a process or a timer behind that keeps its file from ending,
 * which `--test-timeout` does not see: the suite would wait for ever. Here the file ends, its children too, and says what was left. */
import { ChildProcess } from 'node:child_process';

const limitMs = Number(process.env.GOBLIN_TEST_LIMIT_MS);

if (process.env.NODE_TEST_CONTEXT !== undefined && limitMs > 0)
  setTimeout(() => {
    const left = process.getActiveResourcesInfo().join(', ');
    console.error(
      `${process.argv[1]} has not ended within ${limitMs / 1_000} s. What is still open: ${left}`,
    );
    for (const handle of activeHandles()) if (handle instanceof ChildProcess) handle.kill('SIGKILL');
    process.exit(1);
  }, limitMs).unref();

/** Children that share the file's output would keep the suite waiting in its place. */
function activeHandles(): readonly unknown[] {
  return (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
}
