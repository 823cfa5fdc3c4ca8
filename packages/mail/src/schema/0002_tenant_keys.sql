-- The same kind and key of two tenants are two mails; of no tenant they are one, as before. Who relies on the old constraint
-- queues no mail any more once it is gone, rather than one tenant's mail being taken for another's.

alter table goblin_mail.message
  add constraint message_owner_tenant_kind_key_key unique nulls not distinct (owner, tenant, kind, key);
alter table goblin_mail.message drop constraint message_owner_kind_key_key;

-- Mails since a moment.
create index message_by_creation on goblin_mail.message (owner, created_at);
