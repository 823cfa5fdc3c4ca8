-- What all services share. Services may add events and read them, and nothing else: what was said stays said.

create table goblin.event (
  id bigint generated always as identity primary key,
  -- The transaction that wrote it. Consumers read in the order (xid, id): see events/subscribe.ts.
  xid xid8 not null default pg_current_xact_id(),
  type text not null,
  payload jsonb not null,
  published_at timestamptz not null default clock_timestamp(),
  -- The role that published it; not for the publisher to choose.
  source name not null default current_user,
  tenant text,
  traceparent text
);

create index event_in_order on goblin.event (type, xid, id);
create index event_by_age on goblin.event (published_at);

-- How far a group of consumers has come. A group belongs to the role that made it.
create table goblin.event_cursor (
  owner name not null default current_user,
  consumer text not null,
  type text not null,
  xid xid8 not null,
  id bigint not null,
  primary key (owner, consumer, type)
);

alter table goblin.event_cursor enable row level security;
create policy own_cursors on goblin.event_cursor using (owner = current_user) with check (owner = current_user);

grant usage on schema goblin to public;
-- So that every service can see that nothing is left to apply.
grant select on goblin.goblin_migration to public;
grant select, insert (type, payload, tenant, traceparent) on goblin.event to public;
grant select, insert (consumer, type, xid, id), update (xid, id) on goblin.event_cursor to public;

-- Deletes old events that every group has passed, at most so many; answers how many.
create function goblin.expire_events(at_most integer) returns bigint
language sql security definer set search_path = pg_catalog
as $$
  with passed as (
    select event.id
    from goblin.event
    where event.published_at < now() - interval '30 days'
      and not exists (
        select from goblin.event_cursor as cursor
        where cursor.type = event.type and (cursor.xid, cursor.id) < (event.xid, event.id)
      )
    order by event.published_at
    limit at_most
    for update of event skip locked
  ), deleted as (
    delete from goblin.event using passed where event.id = passed.id returning 1
  )
  select count(*) from deleted
$$;
