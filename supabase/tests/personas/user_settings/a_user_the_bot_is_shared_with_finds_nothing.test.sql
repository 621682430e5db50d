begin;
select plan(5);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
select tests.given_default_bot('bot', 'owner');
select tests.given_generation('first', 'owner', 'completed', 'tale');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as('friend');
select is_empty($$ select user_id from public.user_settings $$, 'no row is seen');
select throws_ok(
  $$ insert into public.user_settings (user_id) values (tests.id('owner')) $$,
  '42501', 'new row violates row-level security policy for table "user_settings"', 'nothing is added in the owner''s name'
);
select lives_ok($$ update public.user_settings set default_bot_id = null $$, 'an update finds no row');
select lives_ok($$ delete from public.user_settings $$, 'a delete finds no row');
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
