-- A key names a task within a tenant: two tenants that use the same key have two tasks, and neither learns of the other's. This
-- file makes room for it, 0009 the index, 0010 lets it count; so no lock is held for longer than a moment.

-- The tenant that the key belongs to, '' for none. Null: it is from before tenants counted; see goblin.task_of_key.
alter table goblin.task_key add column tenant text;

-- As of goblin.task: what comes and goes with the tasks is vacuumed when there is a little of it, and at full speed.
alter table goblin.task_key set (autovacuum_vacuum_cost_delay = 0);
alter table goblin.task_step set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
