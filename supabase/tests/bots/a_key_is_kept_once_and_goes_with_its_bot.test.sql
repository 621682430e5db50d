begin; select plan(27);
select tests.make_user('owner');
select tests.make_user('other');
select tests.given_bot('bot', 'owner');
-- The keys that are kept, wherever: in Vault, where it is there, and in the table.
create function pg_temp.kept() returns setof text language plpgsql as $$
begin
  if relay.has_vault() then
    return query execute $sql$ select s.decrypted_secret from vault.decrypted_secrets s
      where s.description like 'storytellr-relay:%' and s.created_at = now() $sql$;
  end if;
  return query select b.access_key from public.bots b where b.access_key is not null;
end
$$;
-- One assertion: what the owner, or service_role, does leaves these keys, each of them of one bot.
create function pg_temp.leaves(who text, statement text, wanted text[], description text) returns text
language plpgsql as $$
declare
  v_kept text[];
  v_had text[];
begin
  if who = 'service_role' then perform tests.sign_in_as_service(); else perform tests.sign_in_as(who); end if;
  begin
    execute statement;
  exception when integrity_constraint_violation or insufficient_privilege then
    null;
  end;
  perform tests.sign_out();
  select array_agg(k order by k) into v_kept from pg_temp.kept() k;
  select array_agg(relay.key_of(b) order by relay.key_of(b)) into v_had from public.bots b where relay.key_of(b) is not null;
  return is(array[v_kept::text, v_had::text], array[wanted::text, wanted::text], description);
end
$$;

select is(b.access_key is null, relay.has_vault(), 'the table has no key where Vault is') from public.bots b;
select pg_temp.leaves('owner', $$ update public.bots set access_key = 'k2' $$, '{k2}', 'a new key replaces the old one');
select pg_temp.leaves('owner', $$ update public.bots set access_key = 'k2' $$, '{k2}', 'the same again is kept once');
select pg_temp.leaves('owner', $$ update public.bots set name = 'new' $$, '{k2}', 'another change leaves it');
select pg_temp.leaves('owner', $$ update public.bots set access_key = 'k3', temperature = 3 $$, '{k2}',
  'a refused change leaves the old one');
select pg_temp.leaves('other', $$ update public.bots set access_key = 'k3' $$, '{k2}', 'a stranger changes none');
select pg_temp.leaves('other', $$ insert into public.bots (user_id, access_key) values (tests.id('owner'), 'k3') $$, '{k2}',
  'and adds none');
select pg_temp.leaves('service_role', format($$ insert into public.bots (id, user_id, access_key) values (%L, tests.id('owner'), 'k3')
  on conflict (id) do update set access_key = excluded.access_key $$, tests.key('bot')), '{k3}', 'an upsert replaces it');
select pg_temp.leaves('owner', format($$ insert into public.bots (id, user_id, name, access_key)
  values (%L, tests.id('owner'), 'new', 'k4') on conflict (id) do update set name = excluded.name $$, tests.key('bot')),
  '{k3}', 'an upsert that does not name it leaves it, and keeps no other');
select pg_temp.leaves('owner', format($$ insert into public.bots (id, user_id, access_key) values
  (%L, tests.id('owner'), 'k4'), (%L, tests.id('owner'), 'k5') on conflict (id) do nothing $$, tests.key('bot'),
  tests.key('second')), '{k3,k5}', 'what an insert passes over is not kept');
select pg_temp.leaves('service_role', format($$ insert into public.bots (id, user_id, access_key) values
  (%L, tests.id('owner'), 'k6'), (%L, tests.id('owner'), null), (%L, tests.id('owner'), 'k7')
  on conflict (id) do update set access_key = excluded.access_key $$, tests.key('third'), tests.key('bot'),
  tests.key('second')), '{k6,k7}', 'each row of an upsert gets its own, or none');
select pg_temp.leaves('owner', format($$ with added as (
    insert into public.bots (id, user_id, access_key) values (%L, tests.id('owner'), 'k8') returning id
  ) update public.bots b set access_key = null from added where b.id = %L $$, tests.key('fourth'), tests.key('second')),
  '{k6,k8}', 'a key that a statement adds to one bot is not taken for another');
select pg_temp.leaves('owner', format($$ update public.bots set access_path = 'https://elsewhere.example' where id = %L $$,
  tests.key('fourth')), '{k6}', 'it is deleted where the origin changes');
select pg_temp.leaves('owner', format($$ update public.bots set headers = '{"x-gateway": "b"}' where id = %L $$,
  tests.key('third')), null, 'and where the headers change');
select pg_temp.leaves('owner', format($$ update public.bots set access_path = 'https://elsewhere.example', access_key = 'k9'
  where id = %L $$, tests.key('third')), '{k9}', 'a new one comes with a new origin');
select pg_temp.leaves('service_role', $$ update public.bots set access_key = ' Bearer k10 ' where id = tests.key('bot') $$,
  '{k10,k9}', 'service_role sets one');
create temp table read as select * from public.bots;
grant select on read to service_role;
select pg_temp.leaves('service_role', format($$ update public.bots b set (access_key, access_key_id, name) =
  (select r.access_key, r.access_key_id, 'back' from pg_temp.read r where r.id = b.id) where b.id = %L $$, tests.key('bot')),
  '{k10,k9}', 'a row that is written back as it was read keeps its key');
select pg_temp.leaves('service_role', $$ update public.bots b set access_key_id =
  (select r.access_key_id from pg_temp.read r where r.id = tests.key('bot')) where id = tests.key('third') $$,
  '{k10,k9}', 'no bot gets the key of another by its id');
select pg_temp.leaves('service_role', format($$ insert into public.bots (user_id, access_key_id)
  select tests.id('owner'), r.access_key_id from pg_temp.read r where r.id = %L $$, tests.key('bot')), '{k10,k9}',
  'nor does a new one');
select pg_temp.leaves('owner', $$ update public.bots set access_key = '' where id = tests.key('third') $$, '{k10}',
  'an empty key is none');
select pg_temp.leaves('owner', format($$ insert into public.bots (id, user_id, access_key) values (%1$L, tests.id('owner'), 'k11');
  delete from public.bots where id = %1$L $$, tests.key('fifth')), '{k10}', 'it is deleted with its bot');
select set_config('relay.made_key_1', coalesce(access_key_id::text, ''), true) from public.bots where id = tests.key('bot');
select pg_temp.leaves('owner', format($$ update public.bots set access_key = null where id = %L $$, tests.key('second')),
  '{k10}', 'a setting of the caller''s brings none');
select pg_temp.leaves('owner', format($$ insert into public.bots (id, user_id) values (%L, tests.id('owner')) $$,
  tests.key('sixth')), '{k10}', 'and takes none away');
insert into public.bots (id, user_id, access_key) values (tests.key('others'), tests.id('other'), 'k12');
delete from auth.users where id = tests.id('other');
select pg_temp.leaves('owner', 'select', '{k10}', 'it is deleted with its user');
select case when relay.has_vault() then lives_ok('select relay.move_keys_to_vault()', 'the table is written anew')
  else throws_ok('select relay.move_keys_to_vault()', '55000', null, 'without Vault no key can be moved there') end;
select pg_temp.leaves('owner', 'select', '{k10}', 'which leaves the keys');
truncate public.bots cascade;
select pg_temp.leaves('owner', 'select', null, 'none is left in an empty table');

select * from finish(); rollback;
