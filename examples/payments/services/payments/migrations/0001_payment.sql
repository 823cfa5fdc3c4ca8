create table payment (
  id          text primary key,
  -- The caller's idempotency key, and a keyed hash of what was ordered under it.
  key         text not null unique,
  fingerprint text not null,
  status      text not null default 'pending'
    check (status in ('pending', 'authorized', 'settled', 'declined', 'failed')),
  reason      text,
  currency    text not null,
  minor       bigint not null check (minor > 0),
  country     text not null,
  lines       jsonb not null,
  taxes       jsonb not null,
  -- All that is kept of the card.
  card        jsonb not null,
  created_at  timestamptz not null default now(),
  settled_at  timestamptz,
  check ((status = 'settled') = (settled_at is not null))
);

create index payment_latest on payment (created_at desc, id desc);
create index payment_pending on payment (created_at) where status = 'pending';
