/** What a team has written, and what is wrong with it: `GET /palantir/settings`. */
import type { SwarmState } from '../swarm/swarm-state.ts';
import type { Routes } from '../web/access.ts';
import { problemLine } from './problem.ts';
import { compareStack } from './stack/compare-stack.ts';
import type { SettingsWatch } from './watch-settings.ts';

const NO_STORE = { 'cache-control': 'no-store' };

export function settingsRoutes(watch: SettingsWatch, swarm: () => SwarmState): Routes {
  return {
    'GET /palantir/settings': () => {
      const { settings, problems, inUse } = watch;
      const answer = { problems: problems.map(problemLine), inUse, dashboards: settings.dashboards };
      return Response.json(answer, { headers: NO_STORE });
    },
    'GET /palantir/stacks': () => {
      const stacks = watch.settings.stacks.map((stack) => ({
        ...stack,
        differences: compareStack(stack, swarm()),
      }));
      return Response.json(stacks, { headers: NO_STORE });
    },
  };
}
