/** A file of settings: the one table of its keys, from which it is read and checked and its JSON schema is made. */
import type { JsonSchema } from '@goblin/core';
import type { HeartbeatSettings, RotaSettings, Route, Template } from '../../notify/settings.ts';
import type { CatalogueEntry } from '../catalogue.ts';
import { anything, list, object, optional, record } from '../shape/collections.ts';
import { placed, type Shape } from '../shape/shape.ts';
import type { Placed } from '../shape/spot.ts';
import { NAME, title } from './common.ts';
import { catalogueEntry, dashboard, stack, type WrittenDashboard, type WrittenStack } from './dashboard.ts';
import { heartbeat, messages, notifier, rota, route } from './notify.ts';
import {
  metrics,
  overrides,
  rule,
  slo,
  type WrittenMetric,
  type WrittenOverride,
  type WrittenRule,
  type WrittenSlo,
} from './rule.ts';
import { collect, exporter, type WrittenCollect } from './telemetry.ts';

type Named<T> = Readonly<Record<string, T>>;

/** Parts that others refer to keep their spot: names that are there and wrong are known all the same. */
export interface WrittenFile {
  readonly templates?: true;
  readonly metrics?: Placed<Named<Placed<WrittenMetric>>>;
  readonly rules?: readonly Placed<WrittenRule>[];
  readonly disable?: readonly Placed<string>[];
  readonly override?: Named<Placed<WrittenOverride>>;
  readonly slos?: readonly Placed<WrittenSlo>[];
  readonly notifiers?: Placed<readonly unknown[]>;
  readonly routes?: Placed<readonly Route[]>;
  readonly messages?: Placed<Named<Template>>;
  readonly rota?: Placed<RotaSettings>;
  readonly heartbeat?: Placed<HeartbeatSettings>;
  readonly dashboards?: readonly WrittenDashboard[];
  readonly services?: Named<Placed<CatalogueEntry>>;
  readonly stacks?: readonly WrittenStack[];
  readonly collect?: Placed<WrittenCollect>;
  readonly exporters?: Placed<readonly unknown[]>;
}

export const settingsFile: Shape<WrittenFile> = object<WrittenFile>({
  templates: optional(
    anything,
    'Anything, only there to be anchored: base: &base { … }, and <<: *base elsewhere in this file',
  ),
  metrics: optional(
    placed(metrics),
    'Metric templates: PromQL with placeholders, used by rules and panels of all files',
  ),
  rules: optional(list(placed(rule)), 'When to alert'),
  disable: optional(list(placed(title)), 'Default rules that are not wanted, by name'),
  override: optional(overrides, 'Default rules that are wanted otherwise, by name'),
  slos: optional(list(placed(slo)), 'Objectives; they alert when their error budget is used up too fast'),
  notifiers: optional(placed(list(notifier)), 'How people are told'),
  routes: optional(
    placed(list(route)),
    'What is told to whom. Default: pages and tickets go to the first notifier',
  ),
  messages: optional(placed(messages), 'The words of messages, by name; default is for all'),
  rota: optional(placed(rota), 'Who is on call'),
  heartbeat: optional(placed(heartbeat), 'Tells an outside service that Palantir lives'),
  dashboards: optional(list(dashboard), 'Charts'),
  services: optional(
    record(placed(catalogueEntry), { keyPattern: NAME, keys: 'the name of a service' }),
    'What people should know of each service',
  ),
  stacks: optional(list(stack, { atMost: 50 }), 'Compose files that say what should run'),
  collect: optional(placed(collect), 'What is fetched besides what Palantir sees by itself'),
  exporters: optional(placed(list(exporter)), 'Where telemetry goes besides this machine'),
});

/** Of a file, for editors: draft-07, which yaml-language-server reads. */
export const settingsSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Settings of Palantir',
  ...settingsFile.schema,
};
