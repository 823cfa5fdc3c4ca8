-- Keeping the rows of tenants apart, inside the tables of a service: isolation/ in TypeScript says whose work it is, these
-- functions make the database hold to it.

-- The tenant of this transaction, as isolation/with-tenant.ts has set it. Without one it raises, so that a query which forgot
-- to say whose rows it wants fails rather than finding those of everybody.
create function goblin.tenant() returns text language plpgsql stable parallel safe
as $$
declare
  v_tenant text := nullif(current_setting('goblin.tenant', true), '');
begin
  if v_tenant is null then
    raise exception 'this transaction has no tenant' using errcode = 'TN001',
      hint = 'use withTenant(db), inside a call that has a tenant';
  end if;
  return v_tenant;
end $$;

-- Keeps the rows of a table apart by a column, which is added where it is missing and filled by itself. It holds for the
-- owner of the table too. The first policy is restrictive: whatever others are added, none opens the rows of another tenant.
-- The second one lets everybody who was granted the table see all rows of the tenant; replace it to be stricter.
create function goblin.isolate(p_table regclass, p_column name default 'tenant') returns void language plpgsql
as $$
begin
  if not exists (select from pg_attribute where attrelid = p_table and attname = p_column and not attisdropped) then
    execute format('alter table %s add column %I text', p_table, p_column);
  end if;
  execute format(
    'alter table %s alter column %I set default goblin.tenant(), alter column %I set not null,
       enable row level security, force row level security', p_table, p_column, p_column);
  execute format(
    'create policy tenant_isolation on %s as restrictive
       using (%I = (select goblin.tenant())) with check (%I = (select goblin.tenant()))', p_table, p_column, p_column);
  execute format('create policy tenant_rows on %s using (true)', p_table);
end $$;

-- Makes a role without a login for the service to act as, named <service>.<name>, and answers its name. The dot keeps it out
-- of the names that services can have.
create function goblin.make_role(p_name text) returns text
language plpgsql security definer set search_path = pg_catalog
as $$
declare
  v_role text := session_user || '.' || p_name;
begin
  if p_name !~ '^[a-z][a-z0-9_]{0,30}$' or length(v_role) > 63 then
    raise exception '% is no name for a role: take up to 31 lower-case letters, digits and _', quote_literal(p_name)
      using errcode = '22023';
  end if;
  if not exists (select from pg_roles where rolname = v_role) then
    execute format('create role %I nologin', v_role);
    execute format('grant %I to %I', v_role, session_user);
  elsif not pg_has_role(session_user, v_role, 'member') then
    raise exception 'the role % is there already and belongs to somebody else', v_role using errcode = '42710';
  end if;
  return v_role;
end $$;
