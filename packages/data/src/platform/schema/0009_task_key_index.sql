-- goblin: no transaction
create unique index concurrently task_key_of_tenant on goblin.task_key (owner, kind, key, tenant) nulls not distinct;
