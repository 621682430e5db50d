begin;
select plan(5);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
select tests.given_default_bot('bot', 'owner');
select tests.given_generation('first', 'owner', 'completed', 'tale');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as_anon();
select throws_ok(
  $$ select user_id from public.user_settings $$,
  '42501', 'permission denied for table user_settings', 'anon reads nothing'
);
select throws_ok(
  $$ insert into public.user_settings (user_id) values (tests.id('owner')) $$,
  '42501', 'permission denied for table user_settings', 'anon adds nothing'
);
select throws_ok(
  $$ update public.user_settings set default_bot_id = null $$,
  '42501', 'permission denied for table user_settings', 'anon changes nothing'
);
select throws_ok(
  $$ delete from public.user_settings $$,
  '42501', 'permission denied for table user_settings', 'anon deletes nothing'
);
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
