-- When work is due again and again. Which slots a schedule has is computed in TypeScript (schedules/slots.ts); the row says
-- how far they have been taken, and its lock that one process takes them at a time.

create table goblin.schedule (
  owner name not null default current_user,
  -- The schema of the service: services may share a role.
  service text not null,
  name text not null,
  -- Of the tasks that it enqueues.
  kind text not null,
  -- {"cron", "zone"}, {"everyMs"} or {"at"}.
  spec jsonb not null,
  missed text not null check (missed in ('skip', 'latest', 'all')),
  paused boolean not null default false,
  -- The last slot that was taken or passed over, and the one that comes; null: none has, or none comes.
  last_slot timestamptz,
  next_slot timestamptz,
  -- When somebody asked for a run outside of the slots that nobody has begun yet.
  run_asked_at timestamptz,
  -- When a process that runs it was heard of.
  seen_at timestamptz not null,
  primary key (owner, service, name)
);

alter table goblin.schedule enable row level security;
create policy own_schedules on goblin.schedule using (owner = current_user) with check (owner = current_user);
grant select, insert, update, delete on goblin.schedule to public;
