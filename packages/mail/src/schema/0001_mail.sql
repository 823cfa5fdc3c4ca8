-- Mails of the services of a database. Each service sees its own.

create table goblin_mail.message (
  id bigint generated always as identity primary key,
  owner name not null default current_user,
  -- What it is about (the template), and what makes it this one: a second mail of the same kind and key is the same mail.
  kind text not null,
  key text not null,
  -- queued: to be sent. sending: its content is being handed to a server, whose answer is not known yet. unknown: that answer
  -- never came, so it may have been sent. The others are final.
  state text not null default 'queued'
    check (state in ('queued', 'sending', 'unknown', 'sent', 'failed', 'suppressed')),
  policy text not null check (policy in ('never-twice', 'at-least-once')),
  -- {from?, to, cc, bcc, replyTo?}: each an array of {name?, address}
  parties jsonb not null,
  subject text not null,
  text text not null,
  html text,
  unsubscribe text,
  quiet_hours jsonb,
  created_at timestamptz not null default clock_timestamp(),
  -- It fails if it is not sent until then.
  expires_at timestamptz not null,
  -- Handovers begun; with the id it names one of them.
  handovers integer not null default 0,
  route text,
  message_id text,
  -- What the provider calls it.
  provider_id text,
  handed_over_at timestamptz,
  settled_at timestamptz,
  -- What a webhook or a report told later.
  delivered_at timestamptz,
  bounced_at timestamptz,
  -- The last attempts: [{at, route, outcome, answer}]
  attempts jsonb not null default '[]',
  resent_from bigint,
  tenant text,
  unique (owner, kind, key)
);

create index message_to_look_after on goblin_mail.message (owner, state, id) where state in ('queued', 'sending', 'unknown');
create index message_by_message_id on goblin_mail.message (owner, message_id) where message_id is not null;
create index message_by_age on goblin_mail.message (settled_at);

create table goblin_mail.attachment (
  message bigint not null references goblin_mail.message on delete cascade,
  owner name not null default current_user,
  place smallint not null,
  filename text not null,
  content_type text not null,
  -- For <img src="cid:…">
  content_id text,
  size integer not null,
  primary key (message, place)
);

-- The bytes in pieces, so that neither side ever holds all of them.
create table goblin_mail.attachment_piece (
  message bigint not null,
  place smallint not null,
  piece integer not null,
  owner name not null default current_user,
  bytes bytea not null,
  primary key (message, place, piece),
  foreign key (message, place) references goblin_mail.attachment on delete cascade
);
-- What is attached is mostly compressed already.
alter table goblin_mail.attachment_piece alter column bytes set storage external;

-- Addresses that get no mail (any more), in lower case.
create table goblin_mail.suppression (
  owner name not null default current_user,
  address text not null,
  reason text not null check (reason in ('bounce', 'complaint', 'unsubscribe', 'manual')),
  detail text,
  created_at timestamptz not null default now(),
  primary key (owner, address)
);

-- When the allowance of a route with a rate is whole again (the generic cell rate algorithm's one number).
create table goblin_mail.route_turn (
  owner name not null default current_user,
  route text not null,
  whole_at timestamptz not null,
  primary key (owner, route)
);

alter table goblin_mail.message enable row level security;
alter table goblin_mail.attachment enable row level security;
alter table goblin_mail.attachment_piece enable row level security;
alter table goblin_mail.suppression enable row level security;
alter table goblin_mail.route_turn enable row level security;
create policy own_messages on goblin_mail.message using (owner = current_user) with check (owner = current_user);
create policy own_attachments on goblin_mail.attachment using (owner = current_user) with check (owner = current_user);
create policy own_pieces on goblin_mail.attachment_piece using (owner = current_user) with check (owner = current_user);
create policy own_suppressions on goblin_mail.suppression using (owner = current_user) with check (owner = current_user);
create policy own_turns on goblin_mail.route_turn using (owner = current_user) with check (owner = current_user);

grant usage on schema goblin_mail to public;
grant select on goblin_mail.goblin_migration to public;
grant select, insert, update, delete
  on goblin_mail.message, goblin_mail.attachment, goblin_mail.attachment_piece, goblin_mail.suppression, goblin_mail.route_turn
  to public;

-- Takes the next turn on a route that lets one pass each p_every_ms, after a rest p_burst at once. Answers in how many
-- milliseconds the turn is; a turn further away than p_patience_ms is not taken, and the answer is negative.
create function goblin_mail.take_turn(p_route text, p_every_ms float8, p_burst float8, p_patience_ms float8)
returns float8
language plpgsql
as $$
declare
  v_whole_at timestamptz;
  v_now timestamptz;
  v_wait_ms float8;
begin
  insert into goblin_mail.route_turn (route, whole_at) values (p_route, clock_timestamp()) on conflict do nothing;
  select whole_at into v_whole_at from goblin_mail.route_turn
  where owner = current_user and route = p_route for update;
  v_now := clock_timestamp();
  v_whole_at := greatest(v_whole_at, v_now);
  v_wait_ms := greatest(0, extract(epoch from v_whole_at - v_now) * 1000 - (p_burst - 1) * p_every_ms);
  if v_wait_ms > p_patience_ms then
    return -v_wait_ms;
  end if;
  update goblin_mail.route_turn set whole_at = v_whole_at + p_every_ms * interval '1 millisecond'
  where owner = current_user and route = p_route;
  return v_wait_ms;
end $$;
