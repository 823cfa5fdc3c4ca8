-- Each merchant counts its receipts. All that there were so far are the shop's.
alter table receipt add column merchant text not null default 'goblin-shop';
alter table last_number add column merchant text not null default 'goblin-shop';
