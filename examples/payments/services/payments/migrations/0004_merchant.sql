-- Payments belong to merchants. All that there were so far are the shop's.
alter table payment add column merchant text not null default 'goblin-shop';
-- From now on it is the tenant of the transaction, which sees no rows of another.
select goblin.isolate('payment', 'merchant');
