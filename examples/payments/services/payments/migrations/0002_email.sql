-- Where the receipt is sent.
alter table payment add column email text;
