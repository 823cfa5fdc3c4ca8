-- What the acquirer said to each payment. A row without an outcome is an attempt whose answer is not known (yet).
-- A payment that was given up before it reached the acquirer has a row too, so that a late attempt finds it.
create table attempt (
  payment_id text primary key,
  outcome    jsonb,
  started_at timestamptz not null default now(),
  ended_at   timestamptz
);
