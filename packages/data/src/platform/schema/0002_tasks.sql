-- Durable tasks. All that is decided about a task is decided here, by functions that each are one step: tasks/model.test.ts
-- checks them against a reference model, and tasks/ in TypeScript only calls them.
--
-- `due_at` is the only state. Ready: it has passed. Running: it is the end of the lease, and `worker` holds the task. Waiting
-- for a time, a signal or children: it lies ahead, and no worker holds it. Dead: null. Finished: the row is gone. So a
-- task whose worker died becomes ready by itself, and nobody sweeps.
--
-- A worker proves that it still holds a task by (worker, fence) and an unexpired lease, in each write.
--
-- Claims and heartbeats do not wait for the disk. A crash of the server can forget the last of them, and then the task is
-- ready again and its worker refused like one whose lease has run out. Whatever that worker committed durably
-- stands behind its claim in the log, so the claim is then durable too.
--
-- Locks on tasks are taken in descending order of ids, hence children before parents.
--
-- Plans are cached while the table is small and used when it is large, so each statement is written such that only one
-- index can serve it: sequential scans are off, and leases are compared as `coalesce(due_at > now, false)`, which no
-- index on due_at matches, where a task is found by its id.

-- The clock of all decisions. A model check sets `goblin.now` to move time itself; nobody else does.
create function goblin.task_now() returns timestamptz language sql volatile
as $$ select coalesce(nullif(current_setting('goblin.now', true), '')::timestamptz, clock_timestamp()) $$;

create sequence goblin.task_id;

create table goblin.task (
  id bigint primary key default nextval('goblin.task_id'),
  owner name not null default current_user,
  kind text not null,
  key text,
  -- Tasks of one lane share its limits; '' is no lane.
  lane text not null default '',
  -- The negative of the priority, so that the order of the index is the order of claims.
  rank smallint not null default 0,
  due_at timestamptz,
  worker text,
  -- Grows with each claim and never goes back.
  fence integer not null default 0,
  -- How often it was tried since it became ready.
  attempt integer not null default 0,
  ready_at timestamptz not null,
  enqueued_at timestamptz not null,
  -- What it waits for when it is neither ready nor running: 'sleep', 'children', or 'signal <name>'.
  waits_for text,
  -- Whether it has rows in task_step.
  stepped boolean not null default false,
  -- Counts the signals that came.
  inbox integer not null default 0,
  parent bigint,
  -- Children that are neither finished nor dead.
  unsettled integer not null default 0,
  progress real,
  note text,
  -- Why it failed the last time: {code, message}.
  error json,
  failed_at timestamptz,
  tenant text,
  traceparent text,
  input json not null
) with (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_insert_scale_factor = 0.1,
  autovacuum_vacuum_cost_delay = 0
);

create index task_to_claim on goblin.task (owner, kind, lane, rank, due_at, id) where due_at is not null;
create index task_in_lane on goblin.task (owner, kind, lane, due_at) where worker is not null and lane <> '';
create index task_dead on goblin.task (owner, kind, id) where due_at is null;
create index task_children on goblin.task (parent) where parent is not null;

-- Makes (kind, key) unique, also after the task has finished, and keeps its result.
create table goblin.task_key (
  owner name not null default current_user,
  kind text not null,
  key text not null,
  task bigint not null,
  finished_at timestamptz,
  canceled boolean not null default false,
  output json,
  primary key (owner, kind, key)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);

create index task_key_by_age on goblin.task_key using brin (finished_at);

-- What a task remembers: results of its steps, signals that came, times it sleeps until.
create table goblin.task_step (
  owner name not null default current_user,
  task bigint not null,
  name text not null,
  result json not null,
  primary key (task, name)
);

-- When the allowance of a lane with a rate is whole again (the generic cell rate algorithm's one number).
create table goblin.task_lane (
  owner name not null default current_user,
  kind text not null,
  lane text not null,
  whole_at timestamptz not null,
  primary key (owner, kind, lane)
);

alter table goblin.task enable row level security;
alter table goblin.task_key enable row level security;
alter table goblin.task_step enable row level security;
alter table goblin.task_lane enable row level security;
create policy own_tasks on goblin.task using (owner = current_user) with check (owner = current_user);
create policy own_keys on goblin.task_key using (owner = current_user) with check (owner = current_user);
create policy own_steps on goblin.task_step using (owner = current_user) with check (owner = current_user);
create policy own_lanes on goblin.task_lane using (owner = current_user) with check (owner = current_user);
grant usage on sequence goblin.task_id to public;
grant select, insert, update, delete on goblin.task, goblin.task_key, goblin.task_step, goblin.task_lane to public;

-- Adds tasks of one kind, in the caller's transaction. One with a key that is known is not added; its row names the one
-- that is.
create function goblin.enqueue_tasks(
  p_kind text, p_keys text[], p_inputs text[], p_delays_ms float8[], p_at timestamptz[], p_ranks smallint[],
  p_lanes text[], p_tenant text, p_traceparent text, p_parent bigint
) returns table (place integer, id bigint, is_new boolean)
language plpgsql set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := goblin.task_now();
  v_new bigint;
begin
  return query
    with given as materialized (
      select given.*, nextval('goblin.task_id') as id
      from unnest(p_keys, p_inputs, p_delays_ms, p_at, p_ranks, p_lanes) with ordinality
        as given (key, input, delay_ms, due_at, rank, lane, place)
    ), known as (
      insert into goblin.task_key (kind, key, task)
      select p_kind, key, id from given where key is not null order by key
      on conflict do nothing
      returning task
    ), added as (
      insert into goblin.task
        (id, kind, key, lane, rank, due_at, ready_at, enqueued_at, parent, tenant, traceparent, input)
      select id, p_kind, key, lane, rank, at, at, v_now, p_parent, p_tenant, p_traceparent, input::json
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
      from unnest(p_keys) with ordinality as given (key, place),
      lateral (
        select task from goblin.task_key
        where owner = current_user and task_key.kind = p_kind and task_key.key = given.key
        limit 1
      ) as known;
  end if;
end $$;

-- What a worker gets to know of a task that it has claimed.
create type goblin.claimed_task as (
  id bigint, kind text, key text, lane text, rank smallint, attempt integer, fence integer, ready_at timestamptz,
  age_ms float8, stepped boolean, tenant text, traceparent text, input json
);

-- Leases ready tasks of one kind, lane and priority, the longest ready first; with p_since, only those due since then.
create function goblin.lease_tasks(
  p_worker text, p_kind text, p_lane text, p_rank smallint, p_since timestamptz, p_lease_ms float8, p_wanted integer
) returns setof goblin.claimed_task
language plpgsql set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
  v_now timestamptz := goblin.task_now();
  v_since timestamptz := coalesce(p_since, '-infinity');
begin
  return query
    with ready as materialized (
      select id
      from goblin.task
      where owner = current_user and kind = p_kind and lane = p_lane and rank = p_rank
        and due_at <= v_now and due_at >= v_since
      order by due_at, id
      limit p_wanted
      for update skip locked
    )
    update goblin.task
    set due_at = v_now + p_lease_ms * interval '1 millisecond', worker = p_worker, fence = fence + 1,
        attempt = attempt + 1, waits_for = null
    where id = any (array(select id from ready))
    returning id, kind, key, lane, rank, attempt, fence, ready_at,
      (extract(epoch from v_now - ready_at) * 1000)::float8, stepped, tenant, traceparent, input;
end $$;

-- Leases up to p_wanted ready tasks to a worker, kind after kind, in each lane by priority and then by age.
-- Besides the tasks it answers one row without an id per kind: `lane` is where to go on the next time (null: at the
-- first one), `age_ms` in how many milliseconds to look again (null: nothing is known to come).
-- A lane with limits is looked at by one claim at a time, under an advisory lock that nobody waits for.
--
-- What has been claimed stays in the index until it is vacuumed, so a search from the start passes more and more that is
-- gone. p_since, where it is not null, is a short cut: tasks without a lane, of priority -p_ranks, due since then, are
-- claimed without a search; only with p_search is there one for the rest.
create function goblin.claim_tasks(
  p_worker text, p_kinds text[], p_leases_ms float8[], p_concurrency integer[], p_every_ms float8[], p_burst float8[],
  p_after text[], p_ranks smallint[], p_since timestamptz[], p_search boolean, p_wanted integer
) returns setof goblin.claimed_task
language plpgsql set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
#variable_conflict use_column
declare
  -- Lanes that one claim looks at, per kind.
  c_lanes constant integer := 100;
  -- When to look again where another claim is at a lane, or lanes are left.
  c_busy constant interval := '10 milliseconds';
  v_now timestamptz := goblin.task_now();
  v_left integer := p_wanted;
  v_kind text;
  v_lane text;
  v_rank smallint;
  v_group record;
  v_lanes integer;
  v_wrapped boolean;
  v_current text;
  v_limited boolean;
  v_room integer;
  v_whole_at timestamptz;
  v_tokens integer;
  v_taken integer;
  v_next timestamptz;
  v_soonest timestamptz;
  v_end goblin.claimed_task;
begin
  perform set_config('synchronous_commit', 'off', true);
  for i in 1 .. cardinality(p_kinds) loop
    v_kind := p_kinds[i];
    if p_since[i] is not null and v_left > 0 then
      return query
        select * from goblin.lease_tasks(p_worker, v_kind, '', p_ranks[i], p_since[i], p_leases_ms[i], v_left);
      get diagnostics v_taken = row_count;
      v_left := v_left - v_taken;
      continue when not p_search;
    end if;
    v_lane := coalesce(p_after[i], '');
    v_rank := case when p_after[i] is null then -32768 else 32767 end;
    v_wrapped := p_after[i] is null;
    v_current := p_after[i];
    v_lanes := 0;
    v_next := null;
    while v_left > 0 loop
      select task.lane, task.rank into v_group
      from goblin.task
      where owner = current_user and task.kind = v_kind and due_at is not null and (task.lane, task.rank) > (v_lane, v_rank)
      order by task.lane, task.rank
      limit 1;
      if not found then
        v_current := null;
        exit when v_wrapped;
        v_wrapped := true;
        v_lane := '';
        v_rank := -32768;
        continue;
      end if;
      -- Once round.
      exit when v_wrapped and p_after[i] is not null and v_group.lane > p_after[i];
      if v_current is distinct from v_group.lane then
        if v_lanes = c_lanes then
          v_next := least(v_next, v_now + c_busy);
          exit;
        end if;
        v_lanes := v_lanes + 1;
        v_current := v_group.lane;
        v_room := v_left;
        v_limited := v_current <> '' and (p_concurrency[i] is not null or p_every_ms[i] is not null);
        if v_limited then
          if not pg_try_advisory_xact_lock(
            hashtextextended(format('goblin lane %s %s %s', current_user, v_kind, v_current), 0)
          ) then
            v_room := 0;
            v_next := least(v_next, v_now + c_busy);
          elsif p_concurrency[i] is not null then
            select least(v_room, p_concurrency[i] - count(*)) into v_room
            from goblin.task
            where owner = current_user and task.kind = v_kind and task.lane = v_current
              and worker is not null and task.lane <> '' and due_at > v_now;
          end if;
          if p_every_ms[i] is not null and v_room > 0 then
            select whole_at into v_whole_at
            from goblin.task_lane as limits
            where owner = current_user and limits.kind = v_kind and limits.lane = v_current;
            v_whole_at := greatest(v_whole_at, v_now);
            -- What is left of the allowance, in tasks; the small part is for rounding.
            v_tokens := floor(p_burst[i] - extract(epoch from v_whole_at - v_now) * 1000 / p_every_ms[i] + 0.001);
            v_room := least(v_room, v_tokens);
            if v_tokens <= 0 then
              v_next := least(
                v_next, v_whole_at - (p_burst[i] - 1) * p_every_ms[i] * interval '1 millisecond'
              );
            end if;
          end if;
        end if;
      end if;
      if v_room <= 0 then
        v_lane := v_current;
        v_rank := 32767;
        continue;
      end if;
      return query
        select * from goblin.lease_tasks(
          p_worker, v_kind, v_current, v_group.rank, null, p_leases_ms[i], least(v_room, v_left)
        );
      get diagnostics v_taken = row_count;
      v_left := v_left - v_taken;
      v_room := v_room - v_taken;
      if v_limited and p_every_ms[i] is not null and v_taken > 0 then
        v_whole_at := v_whole_at + v_taken * p_every_ms[i] * interval '1 millisecond';
        insert into goblin.task_lane as limits (kind, lane, whole_at) values (v_kind, v_current, v_whole_at)
        on conflict (owner, kind, lane) do update set whole_at = excluded.whole_at;
        if v_room = 0 and v_left > 0 then
          v_next := least(v_next, v_whole_at - (p_burst[i] - 1) * p_every_ms[i] * interval '1 millisecond');
        end if;
      end if;
      if v_room > 0 then
        select due_at into v_soonest
        from goblin.task
        where owner = current_user and task.kind = v_kind and task.lane = v_current and task.rank = v_group.rank
          and due_at > v_now and due_at < 'infinity'
        order by due_at
        limit 1;
        v_next := least(v_next, v_soonest);
      end if;
      v_lane := v_current;
      v_rank := v_group.rank;
    end loop;
    v_end.kind := v_kind;
    v_end.lane := v_current;
    v_end.age_ms := case when v_left <= 0 then 0 else extract(epoch from v_next - v_now) * 1000 end;
    return next v_end;
  end loop;
end $$;

-- Extends leases, and takes note of progress. Answers which tasks are still held; a task that its own worker is
-- finishing right now is locked, and left as it is.
create function goblin.keep_tasks(
  p_worker text, p_ids bigint[], p_fences integer[], p_leases_ms float8[], p_progress real[], p_notes text[]
) returns setof bigint
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
begin
  perform set_config('synchronous_commit', 'off', true);
  for i in 1 .. cardinality(p_ids) loop
    perform from goblin.task
    where id = p_ids[i] and owner = current_user and worker = p_worker and fence = p_fences[i]
      and coalesce(due_at > v_now, false)
    for update skip locked;
    if found then
      update goblin.task
      set due_at = v_now + p_leases_ms[i] * interval '1 millisecond',
          progress = coalesce(p_progress[i], progress), note = coalesce(p_notes[i], note)
      where id = p_ids[i];
    end if;
    return query
      select id from goblin.task
      where id = p_ids[i] and owner = current_user and worker = p_worker and fence = p_fences[i]
        and coalesce(due_at > v_now, false);
  end loop;
end $$;

-- Children of these tasks, one entry for each child, are finished or dead. Answers the kinds of parents that waited for it.
create function goblin.settle_children(p_parents bigint[]) returns text[]
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
  v_parent record;
  v_unsettled integer;
  v_kind text;
  v_woken text[];
begin
  for v_parent in
    select id, count(*) as children from unnest(p_parents) as id group by id order by id desc
  loop
    update goblin.task set unsettled = unsettled - v_parent.children
    where id = v_parent.id and owner = current_user
    returning unsettled into v_unsettled;
    if found and v_unsettled <= 0 then
      update goblin.task set due_at = v_now, ready_at = v_now, waits_for = null
      where id = v_parent.id and waits_for = 'children' and coalesce(due_at > v_now, false)
      returning kind into v_kind;
      if found then
        v_woken := v_woken || v_kind;
      end if;
    end if;
  end loop;
  return v_woken;
end $$;

-- Ends tasks with their outputs. Answers which it ended: the others are not held by this worker, and what was done for
-- them must be rolled back.
create function goblin.finish_tasks(p_worker text, p_ids bigint[], p_fences integer[], p_outputs text[])
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
    returning id, kind, key, parent, stepped into v_task;
    continue when not found;
    done := done || v_task.id;
    if v_task.key is not null then
      update goblin.task_key set finished_at = v_now, output = p_outputs[i]::json
      where owner = current_user and kind = v_task.kind and key = v_task.key;
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

-- A try has failed, and the same worker tries again.
create function goblin.note_failure(p_worker text, p_id bigint, p_fence integer, p_error text) returns boolean
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
begin
  update goblin.task set attempt = attempt + 1, error = p_error::json, failed_at = v_now
  where id = p_id and owner = current_user and worker = p_worker and fence = p_fence
    and coalesce(due_at > v_now, false);
  return found;
end $$;

-- A try has failed; whoever claims it after the delay tries again.
create function goblin.retry_task(p_worker text, p_id bigint, p_fence integer, p_delay_ms float8, p_error text)
returns boolean
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
begin
  update goblin.task
  set due_at = v_now + p_delay_ms * interval '1 millisecond', worker = null, error = p_error::json, failed_at = v_now
  where id = p_id and owner = current_user and worker = p_worker and fence = p_fence
    and coalesce(due_at > v_now, false);
  return found;
end $$;

-- No try is left.
create function goblin.bury_task(p_worker text, p_id bigint, p_fence integer, p_error text)
returns table (done boolean, woken text[])
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
  v_parent bigint;
begin
  update goblin.task set due_at = null, worker = null, error = p_error::json, failed_at = v_now
  where id = p_id and owner = current_user and worker = p_worker and fence = p_fence
    and coalesce(due_at > v_now, false)
  returning parent into v_parent;
  done := found;
  if v_parent is not null then
    woken := goblin.settle_children(array[v_parent]);
  end if;
  return next;
end $$;

-- A worker that stops gives back what it holds; the try does not count.
create function goblin.hand_back_tasks(p_worker text, p_ids bigint[], p_fences integer[]) returns setof bigint
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
begin
  for i in 1 .. cardinality(p_ids) loop
    return query
      update goblin.task set due_at = v_now, worker = null, attempt = attempt - 1
      where id = p_ids[i] and owner = current_user and worker = p_worker and fence = p_fences[i]
        and coalesce(due_at > v_now, false)
      returning id;
  end loop;
end $$;

-- A task waits without a worker, until p_until (null: for ever) or for what it waits for. If that has come since the worker
-- looked (p_inbox), it is ready at once.
create function goblin.park_task(
  p_worker text, p_id bigint, p_fence integer, p_waits_for text, p_until timestamptz, p_inbox integer
) returns boolean
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
  v_at timestamptz;
begin
  select case
    when p_waits_for = 'children' and unsettled = 0 then v_now
    when p_waits_for like 'signal %' and inbox <> p_inbox then v_now
    else coalesce(p_until, 'infinity')
  end into v_at
  from goblin.task
  where id = p_id and owner = current_user and worker = p_worker and fence = p_fence
    and coalesce(due_at > v_now, false)
  for update;
  if not found then
    return false;
  end if;
  update goblin.task set worker = null, attempt = 0, waits_for = p_waits_for, due_at = v_at, ready_at = v_at
  where id = p_id;
  return true;
end $$;

-- Remembers a result under a name, and answers what is remembered, which may be older. No row: the task is not held.
create function goblin.remember_step(p_worker text, p_id bigint, p_fence integer, p_name text, p_result text)
returns setof json
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
begin
  -- The lock on the task keeps signals out until this has been committed.
  update goblin.task set stepped = true
  where id = p_id and owner = current_user and worker = p_worker and fence = p_fence
    and coalesce(due_at > v_now, false);
  if not found then
    return;
  end if;
  insert into goblin.task_step (task, name, result) values (p_id, p_name, p_result::json) on conflict do nothing;
  return query select result from goblin.task_step where task = p_id and name = p_name;
end $$;

-- Tells a task something under a name; the first one counts. False: there is no such task (any more), it knows, or it has
-- got 1,000 signals.
create function goblin.signal_task(p_id bigint, p_kind text, p_name text, p_payload text) returns boolean
language plpgsql set enable_seqscan = off
as $$
declare
  v_now timestamptz := goblin.task_now();
begin
  update goblin.task set inbox = inbox + 1, stepped = true
  where id = p_id and owner = current_user and kind = p_kind and inbox < 1000;
  if not found then
    return false;
  end if;
  update goblin.task set due_at = v_now, ready_at = v_now, waits_for = null
  where id = p_id and waits_for = 'signal ' || p_name and coalesce(due_at > v_now, false);
  insert into goblin.task_step (task, name, result) values (p_id, 'signal ' || p_name, p_payload::json)
  on conflict do nothing;
  return found;
end $$;

-- Takes tasks away, and their children with them; whoever runs one learns it by its next heartbeat.
create function goblin.cancel_tasks(p_ids bigint[]) returns table (canceled integer, woken text[])
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
    returning task.id, task.kind, task.key, task.parent, task.due_at
  ), kept as (
    update goblin.task_key as known
    set finished_at = v_now, canceled = true
    from gone
    where known.owner = current_user and known.kind = gone.kind and known.key = gone.key
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

-- Lets dead tasks be tried again from their first attempt; what their steps remember stays.
create function goblin.replay_tasks(p_ids bigint[]) returns table (replayed integer, woken text[])
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
  v_now timestamptz := goblin.task_now();
  v_parents bigint[];
begin
  with reset as (
    update goblin.task set due_at = v_now, ready_at = v_now, attempt = 0, waits_for = null
    where id = any (p_ids) and owner = current_user and due_at is null
    returning kind, parent
  )
  select array_agg(distinct kind), count(*), array_agg(parent) filter (where parent is not null)
  into woken, replayed, v_parents
  from reset;
  update goblin.task set unsettled = unsettled + children
  from (select parent, count(*) as children from unnest(v_parents) as parent group by parent) as reopened
  where task.id = reopened.parent and owner = current_user;
  return next;
end $$;

-- Forgets keys and results 7 days after their tasks have finished, dead tasks after 90 days, and lanes at rest. At most
-- so many of each; answers how many.
create function goblin.expire_tasks(at_most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog
as $$
declare
  v_count bigint := 0;
  v_more bigint;
begin
  with old as (
    select owner, kind, key from goblin.task_key
    where finished_at < now() - interval '7 days' limit at_most for update skip locked
  )
  delete from goblin.task_key as known using old
  where known.owner = old.owner and known.kind = old.kind and known.key = old.key;
  get diagnostics v_more = row_count;
  v_count := v_count + v_more;
  with old as (
    select id, owner, kind, key from goblin.task
    where due_at is null and failed_at < now() - interval '90 days' limit at_most for update skip locked
  ), keys as (
    delete from goblin.task_key as known using old
    where known.owner = old.owner and known.kind = old.kind and known.key = old.key
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
