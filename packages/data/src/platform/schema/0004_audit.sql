-- The audit trail: who did what. An entry is written once, in the transaction that does what it tells of, and never again.
--
-- So that writers do not wait for each other, an entry is written without its place in the chain. audit/chain.ts gives it one
-- later, in a row of audit_chain; a checkpoint signs where the chain stands.
--
-- `owner` is the role of the session, not the current one: an entry made under SET ROLE belongs to the service all the same.

create table goblin.audit_entry (
  id bigint generated always as identity primary key,
  owner name not null default session_user,
  -- The transaction that wrote it. Entries are chained in the order (xid, id), as events are read.
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  action text not null,
  subject_type text not null,
  subject_id text not null,
  actor text,
  tenant text,
  -- Canonical JSON (RFC 8785), kept byte by byte.
  before json,
  after json,
  reason text,
  trace_id text,
  request_id text,
  address text
);

create index audit_entry_in_order on goblin.audit_entry (owner, xid, id);
create index audit_entry_by_subject on goblin.audit_entry (owner, subject_type, subject_id, id);
create index audit_entry_by_actor on goblin.audit_entry (owner, actor, id);
create index audit_entry_by_action on goblin.audit_entry (owner, action text_pattern_ops, id);

create table goblin.audit_chain (
  owner name not null default session_user,
  -- 1, 2, 3 … of the owner, without a gap.
  sequence bigint not null,
  entry bigint not null,
  xid xid8 not null,
  -- SHA-256 of the entry, and of what stands before it in the chain together with that: see audit/chain.ts.
  digest bytea not null,
  hash bytea not null,
  primary key (owner, sequence),
  unique (entry)
);

create table goblin.audit_checkpoint (
  owner name not null default session_user,
  sequence bigint not null,
  hash bytea not null,
  -- As it was signed.
  at text not null,
  key text not null,
  signature bytea not null,
  primary key (owner, sequence)
);

alter table goblin.audit_entry enable row level security;
alter table goblin.audit_chain enable row level security;
alter table goblin.audit_checkpoint enable row level security;
create policy own_entries on goblin.audit_entry using (owner = session_user) with check (owner = session_user);
create policy own_chain on goblin.audit_chain using (owner = session_user) with check (owner = session_user);
create policy own_checkpoints on goblin.audit_checkpoint using (owner = session_user) with check (owner = session_user);

grant select on goblin.audit_entry, goblin.audit_chain, goblin.audit_checkpoint to public;
-- Neither whose it is, nor when it was, nor its place is for the writer to choose.
grant insert (action, subject_type, subject_id, actor, tenant, before, after, reason, trace_id, request_id, address)
  on goblin.audit_entry to public;
grant insert (sequence, entry, xid, digest, hash) on goblin.audit_chain to public;
grant insert (sequence, hash, at, key, signature) on goblin.audit_checkpoint to public;

-- Nobody was granted update or delete; this also stops who owns the tables.
create function goblin.refuse_change() returns trigger language plpgsql
as $$
begin
  raise exception 'the audit trail is append-only: % of % is refused', tg_op, tg_table_name using errcode = '42501';
end $$;

create trigger append_only before update or delete or truncate on goblin.audit_entry
  for each statement execute function goblin.refuse_change();
create trigger append_only before update or delete or truncate on goblin.audit_chain
  for each statement execute function goblin.refuse_change();
create trigger append_only before update or delete or truncate on goblin.audit_checkpoint
  for each statement execute function goblin.refuse_change();
