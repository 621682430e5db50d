begin; select plan(20);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
create function pg_temp.stored(key text) returns text language plpgsql as $$
declare
  v_stored text;
begin
  perform tests.sign_in_as('owner');
  execute format('update public.bots set access_key = %L', key);
  perform tests.sign_out();
  select coalesce(relay.key_of(b), 'null') into v_stored from public.bots b;
  return v_stored;
end
$$;
select is(pg_temp.stored(key), wanted, format('%s becomes %s', to_json(key), wanted)) from (values
  ('sk-key', 'sk-key'), (e' sk-key\r\n', 'sk-key'), (e'\t\u00a0\ufeffsk-key\u2028\u3000', 'sk-key'),
  ('Bearer sk-key', 'sk-key'), (e' bEARER\t\n sk-key ', 'sk-key'), ('Bearer Bearer sk-key', 'sk-key'),
  ('bearersk-key', 'bearersk-key'), ('sk-key Bearer', 'sk-key Bearer'), ('sk key', 'sk key'),
  ('', 'null'), (' ', 'null'), ('Bearer', 'null'), ('Bearer ', 'null')
) as m (key, wanted);
select tests.violates(format('update public.bots set access_key = %L', key), 'bots_access_key_can_be_sent',
  format('%s is refused', to_json(key))) from (values
  (e'sk\nkey'), (e'sk\r\nx-header: 1'), (e'sk\u007fkey'), (e'sk\u0085key'), ('sk-clé')
) as m (key);
select tests.violates($$ insert into public.bots (user_id, access_key) values (tests.id('owner'), e'sk\nkey') $$,
  'bots_access_key_can_be_sent', 'in a new row, too');

alter table public.bots disable trigger user;
update public.bots set access_key = e'sk\nkey';
alter table public.bots enable trigger user;
select lives_ok($$ update public.bots set name = 'new' $$, 'a bot that was adopted with such a key can be changed');

select * from finish(); rollback;
