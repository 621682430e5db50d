begin; select plan(38);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
update public.bots set access_key = 'sk-old', headers = '{"x-gateway": "secret"}';
-- What is left of key and headers after a change by the owner; the bot was at https://provider.example/v1.
create function pg_temp.left_after(change text, path text default 'https://provider.example/v1') returns text
language plpgsql as $$
declare
  v_left text;
begin
  execute format('update public.bots set access_path = %L, access_key = ''sk-old'', headers = ''{"x-gateway": "secret"}''', path);
  perform tests.sign_in_as('owner');
  execute 'update public.bots set ' || change;
  perform tests.sign_out();
  select concat_ws(' ', coalesce(relay.key_of(b), 'null'), b.headers ->> 'x-gateway') into v_left from public.bots b;
  raise sqlstate 'UNDO1' using message = v_left;
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(pg_temp.left_after(format('access_path = %L', path)), 'sk-old secret', path || ' has the same origin') from (values
  ('https://provider.example/v2'), ('https://provider.example'), ('https://PROVIDER.example/v1?x=1'),
  ('HTTPS://provider.example/v1'), ('https://provider.example/v1/chat/completions')
) as m (path);
select is(pg_temp.left_after(format('access_path = %L', path)), 'null', path || ' has another origin') from (values
  ('https://elsewhere.example/v1'), ('http://provider.example/v1'), ('https://provider.example:444/v1'),
  ('https://sub.provider.example/v1'), ('https://provider.example.evil.example/v1'), ('https://provider.exampl/v1'),
  ('https://provider.example@evil.example/v1'), ('https://provider.example:443@evil.example/v1'),
  ('https://provider.example\.evil.example/v1'), (e'https://provider.example\t.evil.example/v1'),
  (e'https://provider.example\n@evil.example/v1'), (e'https:\\\\evil.example/v1'), ('https:evil.example/v1'),
  ('https:///evil.example/v1'), (' https://evil.example/v1'), ('//evil.example/v1'), ('')
) as m (path);
select is(pg_temp.left_after($$ access_path = 'https:b.example' $$, 'https:a.example'), 'null',
  'two addresses without a plain origin are two origins');
select is(pg_temp.left_after($$ access_path = 'https://b.example', access_key = 'sk-new' $$), 'sk-new',
  'a new key stays, the old headers go');
select is(pg_temp.left_after($$ access_path = 'https://b.example', access_key = 'sk-old' $$), 'sk-old',
  'so does the same one, if it is sent again');
select is(pg_temp.left_after($$ access_path = 'https://b.example', headers = '{"x-gateway": "secret"}' $$), 'null secret',
  'with headers it is the same');
select is(pg_temp.left_after($$ access_key = 'sk-new'; update public.bots set access_path = 'https://b.example' $$), 'null',
  'a key of an earlier statement is no new one');
select is(pg_temp.left_after(change), wanted, change) from (values
  ($$ headers = '{"x-gateway": "new"}' $$, 'null new'), ($$ headers = '{}' $$, 'null'),
  ($$ headers = '{"x-gateway": "new"}', access_key = 'sk-old' $$, 'sk-old new'),
  ($$ access_key = 'sk-new'; update public.bots set headers = '{"x-gateway": "new"}' $$, 'null new'),
  ($$ name = set_config('relay.given_access_key', 'yes', true), access_path = 'https://b.example' $$, 'null'),
  ($$ name = ''; select set_config('relay.given_' || secret, 'yes', true) from (values ('access_key'), ('headers')) as s (secret);
    update public.bots set access_path = 'https://b.example' $$, 'null'),
  ($$ headers = '{"x-gateway": "secret"}' $$, 'sk-old secret'), ($$ access_key = 'sk-new' $$, 'sk-new secret')
) as m (change, wanted);
select is(pg_temp.left_after($$ name = 'new', temperature = 1 $$), 'sk-old secret', 'any other change leaves them');
select tests.sign_in_as('owner');
insert into public.bots (id, user_id, access_path) values (tests.key('bot'), tests.id('owner'), 'https://b.example')
on conflict (id) do update set access_path = excluded.access_path;
select tests.sign_out();
select is(relay.key_of(b), null, 'an upsert is a change, too') from public.bots b;

select is((select updated_at from public.bots), now(), 'the time is kept true');

select * from finish(); rollback;
