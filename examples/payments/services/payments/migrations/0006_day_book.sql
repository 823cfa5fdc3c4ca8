-- A key is unique within its merchant, and no longer among all of them.
alter table payment drop constraint payment_key_key;

-- The day in whose totals a settled payment is.
alter table payment add column booked_on date;

create table day_book (
  merchant text,
  day      date,
  currency text,
  payments bigint not null,
  minor    bigint not null,
  primary key (merchant, day, currency)
);
select goblin.isolate('day_book', 'merchant');

-- How each day went. With security_invoker it shows the rows that the reader may see, not those of its owner.
create view payment_report with (security_invoker) as
select merchant, (created_at at time zone 'Europe/Berlin')::date as day, currency,
  count(*) filter (where status = 'settled') as settled,
  coalesce(sum(minor) filter (where status = 'settled'), 0)::bigint as settled_minor,
  count(*) filter (where status = 'declined') as declined
from payment
group by 1, 2, 3;

-- Who reads reports over HTTP: these, and of a payment what they are made from. No card, no address, no change.
select goblin.make_role('reader');
grant usage on schema payments to "payments.reader";
grant select on day_book, payment_report to "payments.reader";
grant select (merchant, created_at, currency, minor, status) on payment to "payments.reader";
