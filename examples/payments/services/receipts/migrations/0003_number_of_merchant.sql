-- goblin: no transaction
create unique index concurrently if not exists receipt_merchant_number on receipt (merchant, year, number);
