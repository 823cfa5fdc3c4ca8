-- goblin: no transaction
create index concurrently if not exists payment_unbooked on payment (merchant, settled_at)
  where status = 'settled' and booked_on is null;
