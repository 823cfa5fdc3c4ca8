alter table receipt drop constraint receipt_year_number_key;
alter table last_number drop constraint last_number_pkey;
-- goblin: allow add-unique: a row a year
alter table last_number add primary key (merchant, year);
