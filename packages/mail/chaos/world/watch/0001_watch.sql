-- The invariant log: every change of every task, written in the transaction that makes it. A change that a crash of the
-- server forgets takes its entry with it, so what stands here is exactly what tasks went through.

create table goblin_watch.task_change (
  seq bigint generated always as identity,
  task bigint not null,
  kind text not null,
  key text,
  change text not null,
  due_before timestamptz,
  due_after timestamptz,
  worker_before text,
  worker_after text,
  fence_before integer,
  fence_after integer,
  waits_for text,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp()
);

create function goblin_watch.note_change() returns trigger
language plpgsql security definer set search_path = pg_catalog
as $$
declare
  v_task goblin.task := coalesce(new, old);
begin
  insert into goblin_watch.task_change
    (task, kind, key, change, due_before, due_after, worker_before, worker_after, fence_before, fence_after, waits_for)
  values
    (v_task.id, v_task.kind, v_task.key, tg_op, old.due_at, new.due_at, old.worker, new.worker, old.fence, new.fence,
     new.waits_for);
  return null;
end $$;

create trigger goblin_watch after insert or update or delete on goblin.task
for each row execute function goblin_watch.note_change();

grant usage on schema goblin_watch to public;
grant select on goblin_watch.task_change to public;
