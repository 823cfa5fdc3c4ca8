-- From here on the tenant belongs to the identity of a task with a key. Rows of task_key from before, which have no tenant
-- (null), keep what they stood for: their task's tenant while it is there, and after that every tenant, until they are
-- forgotten 7 days after the task has finished. So nothing is done twice because of the change.

alter table goblin.task_key drop constraint task_key_pkey;

-- The task that has this key in this tenant ('' for none); null: there is none, or it was forgotten.
create function goblin.task_of_key(p_kind text, p_key text, p_tenant text) returns bigint
language plpgsql stable set enable_seqscan = off
as $$
declare
  v_task bigint;
begin
  select task into v_task from goblin.task_key
  where owner = current_user and kind = p_kind and key = p_key and tenant = p_tenant;
  if not found then
    select task into v_task from goblin.task_key
    where owner = current_user and kind = p_kind and key = p_key and tenant is null
      and coalesce((select coalesce(task.tenant, '') = p_tenant from goblin.task where id = task_key.task), true);
  end if;
  return v_task;
end $$;

-- Adds tasks, of several kinds and tenants. One with a key that its kind and tenant know is not added; its row names
-- the one that is. Where a key is just being added by another transaction, that one's end is waited for, with
-- p_patience_ms for so long at most.
create function goblin.add_tasks(
  p_kinds text[], p_keys text[], p_inputs text[], p_delays_ms float8[], p_at timestamptz[], p_ranks smallint[],
  p_lanes text[], p_tenants text[], p_traceparents text[], p_parent bigint, p_patience_ms integer
) returns table (place integer, id bigint, is_new boolean)
language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_now timestamptz := goblin.task_now();
  v_new bigint;
begin
  if p_patience_ms is not null then
    perform set_config('lock_timeout', p_patience_ms::text, true);
  end if;
  return query
    with given as materialized (
      select given.*, nextval('goblin.task_id') as id, before.task as before
      from unnest(p_kinds, p_keys, p_inputs, p_delays_ms, p_at, p_ranks, p_lanes, p_tenants, p_traceparents)
        with ordinality as given (kind, key, input, delay_ms, due_at, rank, lane, tenant, traceparent, place)
      -- As task_of_key does, without a call for each.
      left join lateral (
        select known.task from goblin.task_key as known
        where given.key is not null and known.owner = current_user and known.kind = given.kind and known.key = given.key
          and known.tenant is null
          and coalesce((select task.tenant is not distinct from given.tenant from goblin.task where task.id = known.task), true)
        limit 1
      ) as before on true
    ), known as (
      insert into goblin.task_key (kind, key, tenant, task)
      select kind, key, coalesce(tenant, ''), id from given
      where key is not null and before is null
      order by kind, key, coalesce(tenant, '')
      on conflict do nothing
      returning task
    ), added as (
      insert into goblin.task
        (id, kind, key, lane, rank, due_at, ready_at, enqueued_at, parent, tenant, traceparent, input)
      select id, kind, key, lane, rank, at, at, v_now, p_parent, tenant, traceparent, input::json
      from given, lateral (select coalesce(due_at, v_now + delay_ms * interval '1 millisecond') as at) as due
      where key is null or id in (select task from known)
      returning id
    )
    select given.place::integer, given.id, true from given join added using (id);
  get diagnostics v_new = row_count;
  if p_parent is not null and v_new > 0 then
    update goblin.task set unsettled = unsettled + v_new where id = p_parent and owner = current_user;
  end if;
  if v_new < cardinality(p_keys) then
    return query
      select given.place::integer, known.task, false
      from unnest(p_kinds, p_keys, p_tenants) with ordinality as given (kind, key, tenant, place),
      lateral (
        select coalesce(
          (select task from goblin.task_key as known
           where known.owner = current_user and known.kind = given.kind and known.key = given.key
             and known.tenant = coalesce(given.tenant, '')),
          goblin.task_of_key(given.kind, given.key, coalesce(given.tenant, ''))
        ) as task
      ) as known
      where given.key is not null and known.task is not null;
  end if;
end $$;

-- For processes of the version before, which run on while a new one is rolled out.
create or replace function goblin.enqueue_tasks(
  p_kind text, p_keys text[], p_inputs text[], p_delays_ms float8[], p_at timestamptz[], p_ranks smallint[],
  p_lanes text[], p_tenant text, p_traceparent text, p_parent bigint
) returns table (place integer, id bigint, is_new boolean)
language sql
as $$
  select * from goblin.add_tasks(
    array_fill(p_kind, array[cardinality(p_keys)]), p_keys, p_inputs, p_delays_ms, p_at, p_ranks, p_lanes,
    array_fill(p_tenant, array[cardinality(p_keys)]), array_fill(p_traceparent, array[cardinality(p_keys)]), p_parent, null
  );
$$;

-- Ends tasks with their outputs. Answers which it ended: the others are not held by this worker, and what was done for
-- them must be rolled back.
create or replace function goblin.finish_tasks(p_worker text, p_ids bigint[], p_fences integer[], p_outputs text[])
returns table (done bigint[], woken text[])
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
  v_task record;
  v_parents bigint[];
begin
  for i in 1 .. cardinality(p_ids) loop
    delete from goblin.task
    where id = p_ids[i] and owner = current_user and worker = p_worker and fence = p_fences[i]
      and coalesce(due_at > v_now, false)
    returning id, kind, key, tenant, parent, stepped into v_task;
    continue when not found;
    done := done || v_task.id;
    if v_task.key is not null then
      update goblin.task_key set finished_at = v_now, output = p_outputs[i]::json
      where owner = current_user and kind = v_task.kind and key = v_task.key and tenant = coalesce(v_task.tenant, '');
      if not found then
        update goblin.task_key set finished_at = v_now, output = p_outputs[i]::json
        where owner = current_user and kind = v_task.kind and key = v_task.key and tenant is null;
      end if;
    end if;
    if v_task.stepped then
      delete from goblin.task_step where task = v_task.id;
    end if;
    if v_task.parent is not null then
      v_parents := v_parents || v_task.parent;
    end if;
  end loop;
  if v_parents is not null then
    woken := goblin.settle_children(v_parents);
  end if;
  return next;
end $$;

-- Takes tasks away, and their children with them; whoever runs one learns it by its next heartbeat.
create or replace function goblin.cancel_tasks(p_ids bigint[]) returns table (canceled integer, woken text[])
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
  v_now timestamptz := goblin.task_now();
  v_parents bigint[];
begin
  with recursive doomed as (
    select id from goblin.task where id = any (p_ids) and owner = current_user
    union
    select child.id from goblin.task as child join doomed on child.parent = doomed.id where owner = current_user
  ), locked as materialized (
    select id from goblin.task where id in (select id from doomed) order by id desc for update
  ), gone as (
    delete from goblin.task using locked where task.id = locked.id
    returning task.id, task.kind, task.key, task.tenant, task.parent, task.due_at
  ), kept as (
    update goblin.task_key as known
    set finished_at = v_now, canceled = true
    from gone
    where known.owner = current_user and known.kind = gone.kind and known.key = gone.key
      and known.tenant = coalesce(gone.tenant, '')
  ), kept_from_before as (
    update goblin.task_key as known
    set finished_at = v_now, canceled = true
    from gone
    where known.owner = current_user and known.kind = gone.kind and known.key = gone.key
      and known.tenant is null and known.task = gone.id
  ), forgotten as (
    delete from goblin.task_step as step using gone where step.task = gone.id
  )
  select count(*),
    -- Dead ones were settled when they died.
    array_agg(parent) filter (where due_at is not null and parent is not null and parent not in (select id from doomed))
  into canceled, v_parents
  from gone;
  if v_parents is not null then
    woken := goblin.settle_children(v_parents);
  end if;
  return next;
end $$;

-- Forgets keys and results 7 days after their tasks have finished, dead tasks after 90 days, and lanes at rest. At most
-- so many of each; answers how many.
create or replace function goblin.expire_tasks(at_most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog
as $$
declare
  v_count bigint := 0;
  v_more bigint;
begin
  delete from goblin.task_key
  where ctid = any (array(
    select ctid from goblin.task_key
    where finished_at < now() - interval '7 days' limit at_most for update skip locked
  ));
  get diagnostics v_more = row_count;
  v_count := v_count + v_more;
  with old as (
    select id, owner, kind, key, tenant from goblin.task
    where due_at is null and failed_at < now() - interval '90 days' limit at_most for update skip locked
  ), keys as (
    delete from goblin.task_key as known using old
    where known.owner = old.owner and known.kind = old.kind and known.key = old.key
      and known.tenant = coalesce(old.tenant, '')
  ), keys_from_before as (
    delete from goblin.task_key as known using old
    where known.owner = old.owner and known.kind = old.kind and known.key = old.key
      and known.tenant is null and known.task = old.id
  ), steps as (
    delete from goblin.task_step as step using old where step.task = old.id
  )
  delete from goblin.task using old where task.id = old.id;
  get diagnostics v_more = row_count;
  v_count := v_count + v_more;
  with old as (
    select owner, kind, lane from goblin.task_lane
    where whole_at < now() - interval '1 hour' limit at_most for update skip locked
  )
  delete from goblin.task_lane as limits using old
  where limits.owner = old.owner and limits.kind = old.kind and limits.lane = old.lane;
  get diagnostics v_more = row_count;
  return v_count + v_more;
end $$;
