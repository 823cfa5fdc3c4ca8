create table receipt (
  payment_id text primary key,
  year       integer not null,
  number     integer not null,
  issued_at  timestamptz not null default now(),
  payment    jsonb not null,
  unique (year, number)
);

-- The last number of each year. A row, not a sequence: a sequence leaves a gap when a transaction is rolled back.
create table last_number (
  year   integer primary key,
  number integer not null
);
