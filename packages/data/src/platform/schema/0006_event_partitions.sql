-- Events in a table for each day (UTC), so that old ones go by dropping a table; keys and versions of events; groups that work
-- in several lanes; events that are parked. See events/ in TypeScript.

-- The table so far becomes the partition of all that was published up to today, as it is: no row is copied.
lock table goblin.event in access exclusive mode;
drop function goblin.expire_events(integer);

create sequence goblin.event_number;
select setval('goblin.event_number', nextval(pg_get_serial_sequence('goblin.event', 'id')));
grant usage on sequence goblin.event_number to public;

alter table goblin.event
  alter column id drop identity,
  drop constraint event_pkey,
  alter column id set not null,
  add column version integer not null default 1,
  add column key text;
revoke all on goblin.event from public;
alter table goblin.event rename to event_before;
alter index goblin.event_in_order rename to event_before_in_order;
drop index goblin.event_by_age;

create table goblin.event (
  -- Services number events only by this default. It is no key: the keys of partitioned tables hold the day.
  id bigint not null default nextval('goblin.event_number'),
  -- The transaction that wrote it. Consumers read in the order (xid, id): see events/subscribe.ts.
  xid xid8 not null default pg_current_xact_id(),
  type text not null,
  -- Of the payload's form.
  version integer not null default 1,
  -- Events of one key are handled in order, whatever happens to others.
  key text,
  payload jsonb not null,
  published_at timestamptz not null default clock_timestamp(),
  -- The role that published it; not for the publisher to choose.
  source name not null default current_user,
  tenant text,
  traceparent text
) partition by range (published_at);

create index event_in_order on goblin.event (type, xid, id);
grant select, insert (type, version, key, payload, tenant, traceparent) on goblin.event to public;

-- What no day takes: no publication fails because a day was not made in time.
create table goblin.event_default partition of goblin.event default;

do $$
declare
  -- No clock has gone beyond this.
  v_end date := (greatest(now(), (select max(published_at) from goblin.event_before)) at time zone 'UTC')::date + 1;
begin
  execute format('alter table goblin.event_before rename to %I', 'event_before_' || to_char(v_end, 'YYYYMMDD'));
  execute format(
    'alter table goblin.event attach partition goblin.%I for values from (minvalue) to (%L)',
    'event_before_' || to_char(v_end, 'YYYYMMDD'), v_end || ' 00:00:00+00');
end $$;

-- Where an event without a key stands for itself, one with a key stands with all others of that key.
create function goblin.event_lane(p_key text, p_id bigint, p_lanes integer) returns integer
language sql immutable parallel safe
return case p_lanes
  when 1 then 0
  else ((hashtextextended(coalesce(p_key, p_id::text), 0) & 9223372036854775807) % p_lanes)::integer
end;

-- A group is divided into lanes, each with a cursor of its own. When their number changes, the lanes there are go on up to
-- where the foremost of them stood (`until`), and then they are gone; those of the next generation begin there, once
-- all of the generation before are gone. So no event is passed over or handled twice, and each key keeps its order.
alter table goblin.event_cursor
  add column generation integer not null default 1,
  add column lane integer not null default 0,
  add column lanes integer not null default 1,
  add column until_xid xid8,
  add column until_id bigint,
  -- The event that failed last, how often it has, why, and when it is tried again.
  add column failing bigint,
  add column attempts integer not null default 0,
  add column error json,
  add column retry_at timestamptz,
  drop constraint event_cursor_pkey,
  add primary key (owner, consumer, type, generation, lane);
grant insert (generation, lane, lanes),
  update (until_xid, until_id, failing, attempts, error, retry_at)
  on goblin.event_cursor to public;

create function goblin.end_event_lane() returns trigger
language plpgsql security definer set search_path = pg_catalog
as $$
begin
  delete from goblin.event_cursor
  where owner = new.owner and consumer = new.consumer and type = new.type
    and generation = new.generation and lane = new.lane;
  return null;
end $$;

create trigger end_lane after update on goblin.event_cursor
  for each row when ((new.xid, new.id) >= (new.until_xid, new.until_id))
  execute function goblin.end_event_lane();

-- Processes from before this migration make the cursor of a group, where there is none, as the only lane of generation 1. A
-- group that has gone beyond that does not begin anew.
create function goblin.begin_event_group_once() returns trigger
language plpgsql
as $$
begin
  if exists (
    select from goblin.event_cursor
    where owner = new.owner and consumer = new.consumer and type = new.type and generation > 1
  ) then
    return null;
  end if;
  return new;
end $$;

create trigger begin_once before insert on goblin.event_cursor
  for each row when (new.generation = 1) execute function goblin.begin_event_group_once();

-- Makes the group of the service where there is none, and lets it work in so many lanes from now on.
create function goblin.set_event_lanes(p_consumer text, p_type text, p_from_now boolean, p_lanes integer) returns void
language plpgsql
as $$
declare
  v_last goblin.event_cursor;
begin
  perform pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'event lanes', current_user, p_consumer, p_type), 0));
  select * into v_last from goblin.event_cursor
  where owner = current_user and consumer = p_consumer and type = p_type
  order by generation desc limit 1;
  if not found then
    insert into goblin.event_cursor (consumer, type, lane, lanes, xid, id)
    select p_consumer, p_type, lane, p_lanes,
      case when p_from_now then pg_snapshot_xmin(pg_current_snapshot()) else '0'::xid8 end, 0
    from generate_series(0, p_lanes - 1) as lane;
  elsif v_last.lanes <> p_lanes then
    -- Waits for the handlers that are at work.
    perform from goblin.event_cursor
    where owner = current_user and consumer = p_consumer and type = p_type
    order by generation, lane for update;
    select * into v_last from goblin.event_cursor
    where owner = current_user and consumer = p_consumer and type = p_type
    order by generation desc, xid desc, id desc limit 1;
    insert into goblin.event_cursor (consumer, type, generation, lane, lanes, xid, id)
    select p_consumer, p_type, v_last.generation + 1, lane, p_lanes, v_last.xid, v_last.id
    from generate_series(0, p_lanes - 1) as lane;
    update goblin.event_cursor set until_xid = v_last.xid, until_id = v_last.id
    where owner = current_user and consumer = p_consumer and type = p_type
      and generation <= v_last.generation and until_xid is null;
  end if;
end $$;

-- Events that a group has passed without handling them: those that failed too often, and those of the same key behind them.
create table goblin.event_parked (
  owner name not null default current_user,
  consumer text not null,
  type text not null,
  id bigint not null,
  xid xid8 not null,
  version integer not null,
  key text,
  payload jsonb not null,
  published_at timestamptz not null,
  source name not null,
  tenant text,
  traceparent text,
  parked_at timestamptz not null default clock_timestamp(),
  -- Null: it has not failed, it waits behind an event of its key.
  error json,
  attempts integer not null default 0,
  -- When it is tried (again); null: it waits for somebody to say so, or for the one before it.
  retry_at timestamptz,
  primary key (owner, consumer, type, id)
);

create index event_parked_by_key on goblin.event_parked (owner, consumer, type, key, xid, id) where key is not null;
create index event_parked_due on goblin.event_parked (owner, consumer, type, retry_at) where retry_at is not null;

alter table goblin.event_parked enable row level security;
create policy own_parked on goblin.event_parked using (owner = current_user) with check (owner = current_user);
grant select, insert, delete, update (error, attempts, retry_at) on goblin.event_parked to public;

-- Reading is in functions, because they keep their plans: to plan for all days takes longer than to read.

-- Events of a type after a place and up to another one, if that is given, of transactions before `p_before`, that belong to a lane.
create function goblin.read_events(
  p_type text, p_xid xid8, p_id bigint, p_until_xid xid8, p_until_id bigint, p_before xid8, p_lane integer, p_lanes integer,
  p_limit integer
) returns setof goblin.event
language plpgsql stable set plan_cache_mode = force_generic_plan
as $$
begin
  return query
    select * from goblin.event
    where event.type = p_type and (event.xid, event.id) > (p_xid, p_id) and event.xid < p_before
      and ((event.xid, event.id) <= (p_until_xid, p_until_id)) is not false
      and goblin.event_lane(event.key, event.id, p_lanes) = p_lane
    order by event.xid, event.id
    limit p_limit;
end $$;

-- The same for a group, and which of them it has parked already, or has parked one before of the same key.
create function goblin.read_event_lane(
  p_consumer text, p_type text, p_xid xid8, p_id bigint, p_until_xid xid8, p_until_id bigint, p_before xid8, p_lane integer,
  p_lanes integer, p_limit integer
) returns table (told goblin.event, held boolean)
language plpgsql stable set plan_cache_mode = force_generic_plan
as $$
begin
  return query
    select event,
      exists (
        select from goblin.event_parked as parked
        where parked.owner = current_user and parked.consumer = p_consumer and parked.type = p_type and parked.id = event.id
      )
      or event.key is not null and exists (
        select from goblin.event_parked as parked
        where parked.owner = current_user and parked.consumer = p_consumer and parked.type = p_type
          and parked.key = event.key and (parked.xid, parked.id) < (event.xid, event.id)
      )
    from goblin.event
    where event.type = p_type and (event.xid, event.id) > (p_xid, p_id) and event.xid < p_before
      and ((event.xid, event.id) <= (p_until_xid, p_until_id)) is not false
      and goblin.event_lane(event.key, event.id, p_lanes) = p_lane
    order by event.xid, event.id
    limit p_limit;
end $$;

-- What there is to do in a lane, without taking it: `ready` now (`due`: parked events), `soon` (an older transaction has to end),
-- or, after a failure, in `rest_ms`. A lane is ready too when it has 1,000 events of others to pass. No row: the lane has come to its end.
create function goblin.look_at_event_lane(p_consumer text, p_type text, p_generation integer, p_lane integer)
returns table (ready boolean, due boolean, soon boolean, rest_ms float8, failures integer, parked integer)
language plpgsql stable set plan_cache_mode = force_generic_plan
as $$
declare
  v_settled xid8 := pg_snapshot_xmin(pg_current_snapshot());
  v_at goblin.event_cursor;
begin
  select * into v_at from goblin.event_cursor
  where owner = current_user and consumer = p_consumer and type = p_type and generation = p_generation and lane = p_lane;
  if not found then
    return;
  end if;
  select count(*) into parked
  from (
    select from goblin.event_parked where owner = current_user and consumer = p_consumer and type = p_type limit 1000
  ) as counted;
  failures := v_at.attempts;
  rest_ms := greatest(0, coalesce(extract(epoch from v_at.retry_at - clock_timestamp()) * 1000, 0));
  due := parked > 0 and exists (
    select from goblin.event_parked
    where owner = current_user and consumer = p_consumer and type = p_type and retry_at <= clock_timestamp()
      and goblin.event_lane(key, id, v_at.lanes) = p_lane
  );
  ready := due;
  if not ready and rest_ms = 0 then
    ready := v_at.until_xid is not null
      or exists (
        select from goblin.event
        where event.type = p_type and (event.xid, event.id) > (v_at.xid, v_at.id) and event.xid < v_settled
          and goblin.event_lane(event.key, event.id, v_at.lanes) = p_lane
      )
      or v_at.lanes > 1 and exists (
        select from goblin.event
        where event.type = p_type and (event.xid, event.id) > (v_at.xid, v_at.id) and event.xid < v_settled offset 1000
      );
    soon := not ready and exists (
      select from goblin.event
      where event.type = p_type and (event.xid, event.id) > (v_at.xid, v_at.id) and event.xid >= v_settled
        and goblin.event_lane(event.key, event.id, v_at.lanes) = p_lane
    );
  end if;
  return next;
end $$;

-- Whether some group has still to handle an event.
create function goblin.is_event_awaited(p_type text, p_key text, p_xid xid8, p_id bigint) returns boolean
language sql stable
begin atomic
  select exists (
    select from goblin.event_cursor as cursor
    where cursor.type = p_type and (cursor.xid, cursor.id) < (p_xid, p_id)
      and ((p_xid, p_id) <= (cursor.until_xid, cursor.until_id)) is not false
      and goblin.event_lane(p_key, p_id, cursor.lanes) = cursor.lane
  );
end;

-- Makes the tables of today and the 7 days to come, and answers how many were missing. A day of which events went to the default
-- partition stays there. Waits for nobody for longer than 100 ms, since others wait behind it.
create function goblin.make_event_days() returns integer
language plpgsql security definer set search_path = pg_catalog set lock_timeout = '100ms'
as $$
declare
  v_made integer := 0;
  v_first date;
  v_day date;
begin
  -- One at a time.
  if not pg_try_advisory_xact_lock(hashtextextended('goblin event days', 0)) then
    return 0;
  end if;
  select greatest((now() at time zone 'UTC')::date, max(to_date(right(relname, 8), 'YYYYMMDD'))) into v_first
  from pg_inherits join pg_class on pg_class.oid = inhrelid
  where inhparent = 'goblin.event'::regclass and relname ~ '^event_before_[0-9]{8}$';
  for v_day in select v_first + ahead from generate_series(0, 7) as ahead loop
    continue when to_regclass('goblin.event_' || to_char(v_day, 'YYYYMMDD')) is not null
      or exists (
        select from goblin.event_default
        where published_at >= v_day::timestamp at time zone 'UTC'
          and published_at < (v_day + 1)::timestamp at time zone 'UTC'
      );
    execute format(
      'create table goblin.%I partition of goblin.event for values from (%L) to (%L)',
      'event_' || to_char(v_day, 'YYYYMMDD'), v_day || ' 00:00:00+00', v_day + 1 || ' 00:00:00+00');
    v_made := v_made + 1;
  end loop;
  return v_made;
end $$;

select goblin.make_event_days();

-- Drops one table of a day that ended 30 days ago and of which every group has handled or parked all events; answers its name,
-- or null when there is none. Waits for nobody for longer than 100 ms, since others wait behind it.
create function goblin.drop_event_day() returns text
language plpgsql security definer
set search_path = pg_catalog set lock_timeout = '100ms' set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_name text;
  v_awaited boolean;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('goblin event days', 0)) then
    return null;
  end if;
  for v_name in
    select name
    from pg_inherits join pg_class on pg_class.oid = inhrelid,
    lateral (select relname::text as name, to_date(right(relname, 8), 'YYYYMMDD') as day) as partition
    where inhparent = 'goblin.event'::regclass and relname ~ '^event_(before_)?[0-9]{8}$'
      and (day + case when name like 'event_before_%' then 0 else 1 end)::timestamp at time zone 'UTC'
        < now() - interval '30 days'
    order by day
  loop
    -- First without a lock, then with it: what a transaction that was still open has told is there by then.
    for v_look in 1..2 loop
      execute format(
        'select exists (
           select from goblin.event_cursor as cursor
           where exists (
             select from goblin.%I as event
             where event.type = cursor.type and (event.xid, event.id) > (cursor.xid, cursor.id)
               and ((event.xid, event.id) <= (cursor.until_xid, cursor.until_id)) is not false
               and goblin.event_lane(event.key, event.id, cursor.lanes) = cursor.lane
           )
         )', v_name) into v_awaited;
      exit when v_awaited;
      if v_look = 1 then
        lock table only goblin.event in access exclusive mode;
        execute format('lock table goblin.%I in access exclusive mode', v_name);
      else
        execute format('drop table goblin.%I', v_name);
        return v_name;
      end if;
    end loop;
  end loop;
  return null;
end $$;

-- The same for events in the default partition, at most so many; answers how many were deleted.
create function goblin.delete_stray_events(at_most integer) returns bigint
language sql security definer set search_path = pg_catalog
as $$
  with passed as (
    select ctid
    from goblin.event_default as event
    where published_at < now() - interval '30 days'
      and not goblin.is_event_awaited(event.type, event.key, event.xid, event.id)
    limit at_most
    for update skip locked
  ), deleted as (
    delete from goblin.event_default as event using passed where event.ctid = passed.ctid returning 1
  )
  select count(*) from deleted
$$;
