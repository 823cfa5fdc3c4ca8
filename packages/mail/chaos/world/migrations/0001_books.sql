-- What the work leaves behind. Nothing here is unique, so that what happens twice stands here twice.

-- One row per item that was done, written in the transaction that ends its task.
create table effect (
  kind text not null,
  name text not null,
  task bigint not null,
  fence integer not null,
  pid integer not null,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  detail jsonb not null
);

-- Each run of a step, and what each run of its workflow was told that the step's result is.
create table step_run (
  task bigint not null,
  step text not null,
  token text not null,
  pid integer not null,
  at timestamptz not null default clock_timestamp()
);
create table step_seen (
  task bigint not null,
  step text not null,
  token text not null,
  pid integer not null,
  at timestamptz not null default clock_timestamp()
);

-- What was said by callers: a caller who does not know whether its transaction was kept asks this.
create table said (name text primary key);

-- What groups of consumers heard, in the order in which they did.
create table heard (
  seq bigint generated always as identity,
  consumer text not null,
  event bigint not null,
  name text not null,
  pid integer not null,
  at timestamptz not null default clock_timestamp()
);
