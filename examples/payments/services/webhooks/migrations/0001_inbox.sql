-- Every message of the acquirer, once.
create table inbox (
  id          text primary key,
  type        text not null,
  payload     jsonb not null,
  received_at timestamptz not null default now()
);
