-- goblin: no transaction
create unique index concurrently if not exists payment_merchant_key on payment (merchant, key);
