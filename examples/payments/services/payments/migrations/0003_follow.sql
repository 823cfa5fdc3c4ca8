-- goblin: no transaction
-- Nobody searches for pending payments any more: each has a task that follows it.
drop index concurrently if exists payment_pending;
