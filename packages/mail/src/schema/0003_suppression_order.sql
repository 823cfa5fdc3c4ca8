-- A list of addresses is read in pages, and a page ends at a number, which tells nothing about anybody.

alter table goblin_mail.suppression add column id bigint generated always as identity;
create unique index suppression_by_id on goblin_mail.suppression (owner, id);
