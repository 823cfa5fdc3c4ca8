-- Events that come from other databases and go there: see nats/forward.ts and nats/receive.ts.

-- Which database this is, for others. A copy of the database keeps it.
create table goblin.site (
  only_one boolean primary key default true check (only_one),
  id uuid not null default gen_random_uuid()
);
insert into goblin.site default values;

-- One stream that a service fills (`out`) or empties (`in`): who does it now, and up to where that is known to have been done.
create table goblin.event_link (
  owner name not null default current_user,
  direction text not null check (direction in ('out', 'in')),
  bus text not null,
  stream text not null,
  -- When the stream was made, as the server writes it: another one of the same name begins anew.
  created text,
  -- The last message of the stream that was acknowledged (`out`), or whose event was taken (`in`).
  sequence bigint not null default 0,
  holder uuid not null,
  held_until timestamptz not null,
  primary key (owner, direction, bus, stream)
);

-- What was received: each event once, whoever brings it. Ids can come again when a database was restored to an earlier moment;
-- together with the moment of publication they do not.
create table goblin.event_received (
  site uuid not null,
  event bigint not null,
  published_ms bigint not null,
  -- The transaction that took it. Events that it published here came from elsewhere and are not forwarded.
  xid xid8 not null default pg_current_xact_id(),
  received_at timestamptz not null default clock_timestamp(),
  primary key (site, event, published_ms)
);

create index event_received_by_xid on goblin.event_received (xid);
create index event_received_by_age on goblin.event_received using brin (received_at);

alter table goblin.event_link enable row level security;
create policy own_links on goblin.event_link using (owner = current_user) with check (owner = current_user);

grant select on goblin.site, goblin.event_received to public;
grant insert (site, event, published_ms) on goblin.event_received to public;
grant select, insert (direction, bus, stream, holder, held_until), update (created, sequence, holder, held_until)
  on goblin.event_link to public;

-- Forgets what was received more than 60 days ago, at most so many; answers how many. Streams keep messages for 30 days at most, so
-- none can come again by then.
create function goblin.expire_received(at_most integer) returns bigint
language sql security definer set search_path = pg_catalog
as $$
  with old as (
    select site, event, published_ms from goblin.event_received
    where received_at < now() - interval '60 days'
    limit at_most
    for update skip locked
  ), deleted as (
    delete from goblin.event_received as received using old
    where (received.site, received.event, received.published_ms) = (old.site, old.event, old.published_ms)
    returning 1
  )
  select count(*) from deleted
$$;
