begin;
select plan(11);

select tests.make_user('owner');
select tests.sign_in_as('owner');
select lives_ok(
  $$ insert into public.bots (id, user_id, access_key) values (tests.id('bot'), tests.id('owner'), 'first key') $$,
  'it is set with the bot'
);
select throws_ok(
  format(statement, 'public.bots'), '42501', 'permission denied for table bots', statement
) from unnest(array[
  'select access_key from %s',
  'select * from %s',
  'select to_jsonb(b) from %s b',
  'select id from %s where access_key = ''first key''',
  'select id from %s order by access_key',
  'select count(access_key) from %s',
  'insert into %s (user_id, access_key) values (tests.id(''owner''), ''second key'') returning *',
  'update %s set name = ''new name'' returning access_key'
]) as statement;
select lives_ok($$ update public.bots set access_key = 'second key' $$, 'it is replaced');
select tests.sign_out();
select is(access_key, 'second key', 'the new one is kept') from public.bots;

select * from finish();
rollback;
