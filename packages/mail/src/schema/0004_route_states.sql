-- How each process sees its routes. It writes that down every few seconds, and at once when a breaker opens or closes.

create table goblin_mail.route_state (
  owner name not null default current_user,
  instance text not null,
  route text not null,
  -- In which order routes are tried.
  place smallint not null,
  -- '10/s'; none: as many as come.
  rate text,
  -- From 0 to 1.
  health float8 not null,
  -- Its breaker is open, and no mail tries it before then. Null: the breaker is closed.
  rests_until timestamptz,
  failed_at timestamptz,
  -- What went wrong then, without addresses.
  failure text,
  seen_at timestamptz not null default clock_timestamp(),
  primary key (owner, instance, route)
);

alter table goblin_mail.route_state enable row level security;
create policy own_states on goblin_mail.route_state using (owner = current_user) with check (owner = current_user);
grant select, insert, update, delete on goblin_mail.route_state to public;
